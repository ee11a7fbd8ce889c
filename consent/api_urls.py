from django.urls import path

from consent import api

urlpatterns = [
    path("consent-texts", api.ConsentTextsView.as_view(), name="consent-texts"),
    path("storytellers", api.StorytellersView.as_view(), name="storytellers"),
    path("storytellers/<uuid:pk>/identity", api.IdentityView.as_view(), name="identity"),
    path(
        "storytellers/<uuid:pk>/withdraw",
        api.StorytellerWithdrawalView.as_view(),
        name="storyteller-withdraw",
    ),
    path("consents", api.ConsentsView.as_view(), name="consents"),
    path("withdrawals", api.SlipWithdrawalView.as_view(), name="withdrawals"),
]
