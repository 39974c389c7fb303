"""What is said of annotations."""

from queryapi.annotation import MAX_ANNOTATION_CHARACTERS
from queryapi.moments import MAX_MOMENT_CHARACTERS
from queryapi.openapi.operation import ASKED, CHANGED, RANGE, WEBSITE, Operation, Operations, Sent, and_also
from queryapi.openapi.schema import INTEGER, MOMENT, STRING, UUID_TEXT, Properties, list_of, record, ref, text
from queryapi.ranges import RANGE_PARAMETERS

_GROUP, _WRITE = "Time", "funnels:write"
_PATH = "/api/v1/websites/{website_id}/annotations"
_ANNOTATION: Properties = {"id": UUID_TEXT, "at": MOMENT, "text": STRING, "created_at": MOMENT}
_SENT = Sent(
    record({"at": {**MOMENT, "maxLength": MAX_MOMENT_CHARACTERS}, "text": text(1, MAX_ANNOTATION_CHARACTERS)}),
    {"at": "2026-03-02T10:00:00Z", "text": "Version 2 released"},
)
_NOT_THERE = ("annotation_not_found",)

ANNOTATIONS: Operations = {
    ("GET", _PATH): Operation(
        group=_GROUP, summary="What happened to a website", scalars=RANGE_PARAMETERS,
        answers={
            200: record(
                {
                    "website_id": STRING, "data": list_of(record(_ANNOTATION)), "total": INTEGER,
                    "meta": ref("BareMeta"),
                }
            )
        },
        errors=and_also({**ASKED, **WEBSITE}, _400=RANGE),
        description="All annotations by time; those of a range where one is asked for.",
    ),
    ("POST", _PATH): Operation(
        group=_GROUP, summary="Annotate a moment", scope=_WRITE, answers={201: record(_ANNOTATION)},
        errors=and_also({**CHANGED, **WEBSITE}, _409=("too_many_annotations",)), sent=_SENT,
    ),
    ("PUT", f"{_PATH}/{{annotation_id}}"): Operation(
        group=_GROUP, summary="Replace an annotation", scope=_WRITE, answers={200: record(_ANNOTATION)},
        errors=and_also({**CHANGED, **WEBSITE}, _404=_NOT_THERE), sent=_SENT,
    ),
    ("DELETE", f"{_PATH}/{{annotation_id}}"): Operation(
        group=_GROUP, summary="Delete an annotation", scope=_WRITE, answers={204: None},
        errors=and_also({**ASKED, **WEBSITE}, _404=_NOT_THERE),
    ),
}  # fmt: skip
