"""Shapes of what people say. No rights, no saving."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class CommentForm(forms.Form):
    """The text alone is asked of everybody; its length and its characters are the action's to judge, with its words."""

    text = forms.CharField(
        label=_("Comment"), strip=False, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    for_partners = forms.BooleanField(label=_("Partners may read it"), required=False)
    answers = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class EditForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"), strip=False, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
