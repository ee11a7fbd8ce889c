"""The form on the page for storytellers."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SlipForm(forms.Form):
    slip_code = forms.CharField(
        label=_("The code on your slip"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
