"""What must not go wrong without a network: the scenarios of the owner's phone, numbered as in the issue's notes.

Each runs in Chromium against the running product (web process, real database), through a network that fails on
command (``tests/journeys/chaos.py``). The ten quickest are marked ``browser`` and part of ``make test``; the others are
marked ``slow_browser`` as well and run with ``make test-browser``. The flow offline also runs in WebKit, the nearest to
an iPhone that there is here (``make test-engines``).

==  =====================================================  ========================
 1  server refused at a cold start                         cold_start_and_pages
 2  answer lost after the work                             outbox
 3  three clicks in one breath                             outbox
 4  the battery dies right after the tap                   outbox
 5  two tabs and the worker send at once                   outbox
 6  one bad record among three                             outbox
 7  errors, then none: order is kept                       outbox
 8  a thousand records, every fourth answer lost           outbox
 9  the session ended while offline                        accounts_and_sign_out
10  a page from before another sign-in                     accounts_and_sign_out
11  another account on the same phone                      accounts_and_sign_out
12  sign-out: pages go, records stay                       accounts_and_sign_out
13  a page under way while signing out                     accounts_and_sign_out
14  Back after signing out                                 accounts_and_sign_out
15  a server that hangs                                    cold_start_and_pages
16  a hotel's portal                                       cold_start_and_pages
17  a redirect to sign-in                                  cold_start_and_pages
18  an htmx click with a dead session                      cold_start_and_pages
19  an htmx click offline                                  cold_start_and_pages
20  a new version while a note is half typed               updates
21  a page stored before a deploy                          updates
22  the database's connection lost, all storage cleared    storage
23  the database of a newer page                           updates
24  full, denied, blocked, old                             storage
26  midnight, clocks, journeys                             other
27  the plan changed meanwhile                             outbox
28  a number is missing                                    outbox
29  no JavaScript at all                                   other
==  =====================================================  ========================

25, push messages, belongs to the reminders: ``tests/journeys/test_push.py``, and in Firefox ``test_push_end_to_end.py``.
"""
