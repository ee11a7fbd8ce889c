"""The one page for storytellers: take it all back, with the slip and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.page_access import public_page
from accounts.throttles import address
from common.errors import Problem
from consent.forms import SlipForm
from consent.withdrawal import withdraw_by_slip


@public_page
@sensitive_post_parameters("slip_code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    form = SlipForm(request.POST or None)
    if not form.is_valid():
        return _page(request, form, status=400 if form.is_bound else 200)
    try:
        withdraw_by_slip(form.cleaned_data["slip_code"], address=address(request))
    except Problem as problem:
        form.add_error("slip_code", problem.sentence)
        return _page(request, form, status=problem.status)
    return render(request, "consent/withdrawn.html")


def _page(request: HttpRequest, form: SlipForm, *, status: int) -> HttpResponse:
    return render(request, "consent/withdraw.html", {"form": form}, status=status)
