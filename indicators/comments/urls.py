"""Addresses of this room."""

from django.urls import path

from indicators.comments import views

urlpatterns = [
    path("comments/indicator/<int:pk>/", views.talk_page, {"kind": "indicator"}, name="comments-indicator"),
    path(
        "comments/observation/<int:pk>/",
        views.talk_page,
        {"kind": "observation"},
        name="comments-observation",
    ),
    path("comments/finding/<int:pk>/", views.talk_page, {"kind": "finding"}, name="comments-finding"),
    path("comments/<int:pk>/edit/", views.comment_edit, name="comment-edit"),
    path("comments/<int:pk>/withdraw/", views.comment_withdraw, name="comment-withdraw"),
    path("comments/<int:pk>/resolve/", views.comment_resolve, name="comment-resolve"),
]
