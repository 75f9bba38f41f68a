"""What a visitor's session keeps besides widgets, each under a name of its own."""

from enum import StrEnum


class Key(StrEnum):
    """Names in `st.session_state` that are not widgets'."""

    #: Something to say for as long as the address stays, and that address.
    SAID = "said"
    #: What was typed and not understood, by widget.
    TYPED = "typed"
    #: The newest view of Find, and of Coverage, as an address.
    FIND_ADDRESS = "find_address"
    COVERAGE_ADDRESS = "cover_address"
    #: What the map of Find, and of Coverage, last reported.
    FIND_MAP_SEEN = "map_seen"
    COVERAGE_MAP_SEEN = "cover_seen"
    #: The provider whose call script is open.
    CALL = "call"
    #: The page shown, the one before it, and the address of the latter.
    PAGE = "page"
    CAME_FROM = "came_from"
    CAME_AT = "came_at"
    #: The page and address of the last run.
    LAST_ADDRESS = "address"
    #: The step of a story to go to, how many were shown, and the link that was followed.
    STORY_TO = "story_to"
    STORY_SHOWN = "story_shown"
    STORY_OPENED = "story_opened"
    #: What the last click on Data did.
    DATA_TOLD = "data_told"
    DATA_FAILED = "data_failed"
    #: What the last click in the survey did.
    SURVEY_TOLD = "survey_told"
    #: The uploaded file that is looked at, and what its import did.
    BRING_SHOWN = "bring_shown"
    BRING_DONE = "bring_done"
    #: The order of its coordinates as it was last proposed.
    BRING_ORDER = "bring_order"
    BRING_OF = "bring_of"
    #: The part of a page that is embedded.
    PART = "part"
