from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from .models import Entry, Item


@login_required
def page(request):
    return render(request, "bare/page.html", {"items": Item.objects.filter(owner_id=request.user.pk)})


@login_required
@require_POST
def entry(request):
    value = int(request.POST["value"])
    if not 0 <= value <= 100:
        return HttpResponseBadRequest("value")
    with transaction.atomic():
        Entry.objects.create(owner_id=request.user.pk, value=value)
    return HttpResponse('<span class="done">Done</span>')
