// For `node --test`, which tests/journeys/test_timer.py starts.

import { test } from "node:test";

import { cases } from "./timer_cases.mjs";

for (const [name, run] of Object.entries(cases)) test(name, run);
