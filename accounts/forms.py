"""Forms of the pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Programme, User
from accounts.roles import Role


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CollectorField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Not generic at runtime.
    def label_from_instance(self, obj: User) -> str:
        return obj.display_name


class EnrolForm(forms.Form):
    """Which collector the phone is for."""

    collector = CollectorField(label=_("Collector"), queryset=User.objects.none(), empty_label=None)
    device_name = forms.CharField(
        label=_("Name of the phone"),
        help_text=_("So that you know it again, for example “Blue Tecno, Dakar”. May stay empty."),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        collectors = Membership.objects.filter(programme=programme, role=Role.COLLECTOR)
        field = self.fields["collector"]
        field.queryset = User.objects.filter(  # type: ignore[attr-defined]  # It is a CollectorField.
            pk__in=collectors.values("user"), is_active=True
        ).order_by("username")
