"""The errors CareReach raises on purpose; each message is one sentence a reader can act on."""


class CareReachError(ValueError):
    """Something that the reader, or the person who wrote the data, can put right."""


class UnknownNameError(CareReachError):
    """A pack, procedure or place that nobody here knows.

    Parameters
    ----------
    message
        One sentence that names what was not found.
    suggestions
        Near spellings, best first.
    """

    def __init__(self, message: str, suggestions: tuple[str, ...] = ()) -> None:
        self.suggestions = suggestions
        hint = f" Did you mean {', '.join(suggestions)}?" if suggestions else ""
        super().__init__(message + hint)


class DataError(CareReachError):
    """Data that does not keep the contract, named by file, row and column.

    Parameters
    ----------
    file
        The file's name.
    reason
        What is wrong, in words.
    row
        Line number in the file (the header is line 1), where one row is to blame.
    column
        The column's name, where one column is to blame.
    """

    def __init__(
        self, file: str, reason: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        # One sentence in one line, whatever a file is called or a library says.
        file, reason = (" ".join(text.split()) for text in (file, reason))
        self.file, self.row, self.column, self.reason = file, row, column, reason
        where = file
        if row is not None:
            where += f", row {row}"
        if column is not None:
            where += f", column {column}"
        super().__init__(f"{where}: {reason}")
