"""Composite indices at the machine door: the same scores, intervals and explanation as on the pages. Read only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import django_filters as filters
from django.db import models
from django.utils import timezone
from rest_framework import serializers

from indicators.api.views import ByIdViewSet
from indicators.composites import inputs_of, load_ground, recipe_of, shown_to, sight_of, with_recipe
from indicators.engine.codec import from_json, to_json
from indicators.engine.index import IndexInputs, IndexScores, judge_index
from indicators.models import CompositeIndex, IndexComponent, IndexResult, User


def today() -> date:
    return timezone.localdate()


def scores_as_json(inputs: IndexInputs, shown: IndexScores) -> dict[str, Any]:
    """Seed, draws and each score with the parts and the goalposts that it came from."""
    members = {one.key: to_json(one) for one in inputs.members}
    return {
        "seed": shown.seed,
        "draws": shown.draws,
        "scores": [to_json(one) | {"inputs": members[one.key]["parts"]} for one in shown.scores],
    }


class ComponentSerializer(serializers.ModelSerializer[IndexComponent]):
    """One indicator in an index. `weight` null: all weigh the same."""

    definition = serializers.CharField(source="indicator.definition.code")

    class Meta:
        model = IndexComponent
        fields = ["indicator", "definition", "reads", "low", "high", "is_logarithmic", "weight"]


class IndexSerializer(serializers.ModelSerializer[CompositeIndex]):
    """An index of one programme with its present make-up and what it says today."""

    programme = serializers.SlugRelatedField(slug_field="code", read_only=True)
    version = serializers.IntegerField(source="current.number")
    purpose = serializers.CharField(source="current.purpose")
    across = serializers.CharField(source="current.across")
    aggregation = serializers.CharField(source="current.aggregation")
    components = serializers.SerializerMethodField()
    standing = serializers.SerializerMethodField(
        help_text="Scores from 0 (worst) to 1 (best) with 5–95 % interval, or a refusal; steps explain each."
    )

    class Meta:
        model = CompositeIndex
        fields = [
            "id", "programme", "name", "is_active", "version", "purpose", "across", "aggregation", "components",
            "standing",
        ]  # fmt: skip

    def get_components(self, index: CompositeIndex) -> list[dict[str, Any]]:
        """Of an index across partners those of the partners that one sees."""
        shown = index.shown_indicators  # type: ignore[attr-defined]
        rows = [one for one in index.current.components.all() if one.indicator_id in shown]
        return ComponentSerializer(rows, many=True).data  # type: ignore[return-value]

    def get_standing(self, index: CompositeIndex) -> dict[str, Any]:
        return index.standing  # type: ignore[attr-defined]


class IndexFilter(filters.FilterSet):
    programme = filters.CharFilter(field_name="programme__code")
    is_active = filters.BooleanFilter()

    class Meta:
        model = CompositeIndex
        fields: list[str] = []


class IndexViewSet(ByIdViewSet):
    """Composite indices with what they say today."""

    model = CompositeIndex
    serializer_class = IndexSerializer
    filterset_class = IndexFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return with_recipe(rows)

    def paginate_queryset(self, queryset: Any) -> Any:
        found = super().paginate_queryset(queryset)
        add_standing(self.request.user, found or [])
        return found

    def get_object(self) -> CompositeIndex:
        found: CompositeIndex = super().get_object()
        add_standing(self.request.user, [found])
        return found


def add_standing(user: User, indices: Sequence[CompositeIndex]) -> None:
    """Give each its `standing` and `shown_indicators`. Ten queries at most for all of them together."""
    made = [(one, recipe_of(one.current, one.programme)) for one in indices if one.current is not None]
    if not made:
        return
    ground = load_ground((recipe for _one, recipe in made), as_of=today())
    sight = sight_of(user)
    for one, recipe in made:
        inputs = inputs_of(recipe, ground)
        shown = shown_to(sight, judge_index(inputs), across=recipe.across, programme_pk=one.programme_id)
        keys = {score.key for score in shown.scores}
        one.standing = {"as_of": ground.as_of} | scores_as_json(inputs, shown)  # type: ignore[attr-defined]
        one.shown_indicators = {  # type: ignore[attr-defined]
            part.indicator for member in inputs.members if member.key in keys for part in member.parts
        }


class IndexResultSerializer(serializers.ModelSerializer[IndexResult]):
    """What an assessment said by an index; frozen with its seed and the hash of its inputs."""

    programme = serializers.CharField(source="run.programme.code")
    as_of = serializers.DateField(source="run.as_of")
    index = serializers.IntegerField(source="version.index_id")
    version = serializers.IntegerField(source="version.number")
    result = serializers.SerializerMethodField()

    class Meta:
        model = IndexResult
        fields = [
            "id", "run", "programme", "as_of", "index", "version", "name", "seed", "result", "input_hash",
            "result_hash",
        ]  # fmt: skip

    def get_result(self, row: IndexResult) -> dict[str, Any]:
        shown = shown_to(
            self.context["sight"],
            from_json(IndexScores, row.result),
            across=row.version.across,
            programme_pk=row.run.programme_id,
        )
        return scores_as_json(from_json(IndexInputs, row.inputs), shown)


class IndexResultFilter(filters.FilterSet):
    run = filters.NumberFilter(field_name="run_id", max_value=2**63 - 1)
    programme = filters.CharFilter(field_name="run__programme__code")
    index = filters.NumberFilter(field_name="version__index_id", max_value=2**63 - 1)

    class Meta:
        model = IndexResult
        fields: list[str] = []


class IndexResultViewSet(ByIdViewSet):
    """What assessments said by composite indices."""

    model = IndexResult
    serializer_class = IndexResultSerializer
    filterset_class = IndexResultFilter

    def with_related(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows.select_related("run__programme", "version")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "sight": sight_of(self.request.user)}
