"""Lists are paged by cursor: stable while rows are added, and never a count of everything."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework import pagination
from rest_framework.request import Request

from common.errors import NotFound


class CursorPagination(pagination.CursorPagination):
    """A view may set `ordering` (one or more fields, the last one unique); default newest first."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        ordering = getattr(view, "ordering", self.ordering)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """Raises NotFound for a cursor that we did not make.

        DRF reads its form only; that the position in it is no date or number shows in the query.
        """
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValidationError, DataError, ValueError, OverflowError) as error:
            if request.query_params.get(self.cursor_query_param):
                raise NotFound from error
            raise
