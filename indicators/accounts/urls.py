"""Addresses of this room."""

from django.urls import path

from indicators.accounts import views

urlpatterns = [
    path("people/", views.people_list, name="people-list"),
    path("people/new/", views.person_new, name="person-new"),
    path("people/<int:pk>/", views.person_edit, name="person-edit"),
    path("people/<int:pk>/password/", views.person_password, name="person-password"),
    path("account/", views.my_account, name="my-account"),
    path("account/tokens/", views.token_new, name="token-new"),
    path("account/tokens/<str:key>/revoke/", views.token_revoke, name="token-revoke"),
]
