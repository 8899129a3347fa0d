"""Addresses of this room."""

from django.urls import path

from indicators.accounts import notice_views, views

urlpatterns = [
    path("people/", views.people_list, name="people-list"),
    path("people/new/", views.person_new, name="person-new"),
    path("people/<int:pk>/", views.person_edit, name="person-edit"),
    path("people/<int:pk>/password/", views.person_password, name="person-password"),
    path("account/", views.my_account, name="my-account"),
    path("account/tokens/", views.token_new, name="token-new"),
    path("account/tokens/<str:key>/revoke/", views.token_revoke, name="token-revoke"),
    path("account/digest/", notice_views.digest_set, name="digest-set"),
    path("account/notices/", notice_views.notice_choices_set, name="notice-choices-set"),
    path("account/calendar/", notice_views.calendar_new, name="calendar-new"),
    path("account/calendar/end/", notice_views.calendar_end, name="calendar-end"),
    path("notices/", notice_views.notice_list, name="notice-list"),
    path("follow/", notice_views.follow_set, name="follow-set"),
    path("notices/read/", notice_views.notices_read, name="notices-read"),
]
