"""The values bound to a statement."""

from psycopg import sql


class Values:
    """Values, each under a name of its own."""

    def __init__(self) -> None:
        self.bound: dict[str, object] = {}

    def bind(self, value: object) -> sql.Placeholder:
        name = f"v{len(self.bound)}"
        self.bound[name] = value
        return sql.Placeholder(name)
