"""Where raw data comes from.

Belongs here: a class a kind of source, and `Source`, which names exactly one. Does not belong here: how a file is read
(`reading`), or fetching anything (`resources.sources`).
"""

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from catalogue.definition.reading import MARKS, Reading, Stack
from catalogue.definition.strict import Strict

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


def _stays_in_archive(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} leaves the archive: write a relative path without '..'")
    return path


InArchive = Annotated[str, AfterValidator(_stays_in_archive)]

USER = re.compile(r"://([^/?#]*@|[^/?#@:]*:(?!\d*([/?#]|$)).*@)")
"""A user in an address, also where an unencoded `/`, `?` or `#` in the password cuts it; no `@` of a path."""


def _names_no_user(address: str) -> str:
    if USER.search(address):
        raise ValueError(
            "holds a user or a password: give them to the store in its environment variables, or put the files into a "
            "folder that SECTORFORGE_MIRROR names"
        )
    return address


class Member(Stack):
    """Files inside an archive, pinned by the digest of the one file's bytes or of the archive's."""

    path: InArchive = Field(
        description="path inside the archive; a `.zip` or `.gz` member is opened too, and `a.tar.gz/b.txt` is a "
        "file in an archive in the archive. With `*`: all files that match, stacked in the order of their names. A top "
        "folder that all files of an archive share is left out"
    )
    sha256: Sha256 | None = Field(default=None, description="of the file; needed where the archive has none")

    @property
    def is_glob(self) -> bool:
        """Whether the path stands for all files that match it."""
        return "*" in self.path

    @model_validator(mode="after")
    def _one_digest_for_one_file(self) -> "Member":
        if self.is_glob and self.sha256:
            raise ValueError("one digest can't pin all files that match `*`: give `package.sha256`, the archive's")
        return self


class Package(Strict):
    """Files that lie inside a published Python package. The archive is read, never installed."""

    name: str
    version: str
    sha256: Sha256 | None = Field(default=None, description="of the archive; pins every member in it")
    members: dict[str, Member] = Field(min_length=1, description="name of the table -> the file")

    @property
    def pins(self) -> set[str]:
        """Every digest that is given: the archive's, and the members'."""
        return {pin for pin in (self.sha256, *(member.sha256 for member in self.members.values())) if pin}

    @model_validator(mode="after")
    def _every_member_is_pinned(self) -> "Package":
        loose = [name for name, member in self.members.items() if not (member.sha256 or self.sha256)]
        if loose:
            raise ValueError(f"members {loose} are not pinned: give each, or the whole archive, its sha256")
        return self


class Http(Strict):
    """Files at public addresses."""

    class Address(Stack):
        url: Annotated[str, Field(pattern=r"^https?://"), AfterValidator(_names_no_user)]
        sha256: Sha256
        md5: Md5 | None = Field(
            default=None,
            description="of the file as its publisher gives it, where that one is packed otherwise than the pinned one",
        )
        path: InArchive | None = Field(
            default=None,
            description="path inside the file, where that is an archive (`*` as in a package); the digests stay the "
            "archive's",
        )

        @property
        def pins(self) -> list[str]:
            """The digests that the file may have."""
            return [pin for pin in (self.sha256, self.md5) if pin]

    members: dict[str, Address] = Field(min_length=1)


class CompleteWhen(Strict):
    """How to know that a dropped file is whole, where a second in which nobody wrote to it does not show that."""

    quiet_seconds: float | None = Field(
        default=None,
        gt=0,
        le=86400,
        description="nobody wrote to it for so long, longer than any pause of a copy",
    )
    marker: str | None = Field(
        default=None,
        description="a file beside it that is written last: `{name}.done` is one for each file, `_SUCCESS` one for the "
        "folder. What is written after its marker waits for a newer one",
    )
    manifest: str | None = Field(
        default=None,
        description="a file beside it that lists name and sha256 of each whole file, as `sha256sum *.csv > SHA256SUMS` "
        "writes it",
    )

    @model_validator(mode="after")
    def _one_of_three(self) -> "CompleteWhen":
        if sum(way is not None for way in (self.quiet_seconds, self.marker, self.manifest)) != 1:
            raise ValueError("give exactly one of `quiet_seconds`, `marker` and `manifest`")
        return self

    @field_validator("marker", "manifest")
    @classmethod
    def _names_a_file(cls, name: str | None) -> str | None:
        if name is not None and (not name.strip() or "/" in name or set(name.replace("{name}", "")) & set("*?[{}")):
            raise ValueError(f"{name!r} is not the name of one file in the folder: write one, like `{{name}}.done`")
        if name == "{name}":
            raise ValueError(f"{name!r} is the file itself: write the name of another one, like `{{name}}.done`")
        return name

    @field_validator("manifest")
    @classmethod
    def _is_one_for_the_folder(cls, name: str | None) -> str | None:
        if name and "{name}" in name:
            raise ValueError(f"{name!r} is one for each file, and a manifest lists all of a folder: write `SHA256SUMS`")
        return name


class Files(Stack):
    """Files somebody drops into a folder: all that match, each content once, whatever its name; or the newest alone."""

    path: str = Field(
        description="glob, relative to the use case's folder, or absolute, or at any store that fsspec knows: "
        "`data/*.csv`, `/srv/landing/*.csv`, `s3://bucket/orders/*.parquet`"
    )
    deliveries: Literal["append", "replace"] = Field(
        default="append",
        description="append: all files together are the table. replace: the newest alone is, which is the one whose "
        "path comes last in the order of text; write dates into names as 2026-11-26",
    )
    complete_when: CompleteWhen | None = Field(
        default=None,
        exclude=True,  # from what fingerprints are made of: it changes when files are taken, not what is in them
        description="default: nobody wrote to the file for a second. Copies over a network pause for longer",
    )

    def read_like(self, others: "Files") -> Self:
        """These files, read as `others` are in all that nothing is said of here; where both are of one format.

        The marks in numbers go together."""
        if PurePosixPath(self.path).suffix != PurePosixPath(others.path).suffix:
            return self
        unsaid = (others.model_fields_set & Reading.model_fields.keys()) - self.model_fields_set
        if self.model_fields_set & MARKS:
            unsaid -= MARKS
        return self.model_copy(update={name: getattr(others, name) for name in unsaid})

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if not path.strip():
            raise ValueError("is empty: write a glob, like `data/*.csv`")
        if ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path!r} leaves its folder: write it without '..', or as an absolute path")
        return _names_no_user(path)


class Sql(Strict):
    """The rows of a table or of a query in a database."""

    class Incremental(Strict):
        """Only rows beyond the largest value already held are fetched, and added to the snapshot; where
        `columns.identifier` is given, a row that comes again replaces its older version."""

        column: str = Field(description="numbers, dates or moments that every new or changed row has larger ones of")
        generation: int = Field(default=0, description="raise it to have all rows fetched anew, once")

    url: str = Field(
        description="the environment variable that holds the database's SQLAlchemy URL, like `WAREHOUSE_URL`"
    )
    query: str | None = Field(default=None, description="a SELECT")
    table: str | None = Field(default=None, description="`table` or `schema.table`, in place of a query")
    incremental: Incremental | None = Field(default=None, description="default: all rows are fetched every time")
    changed_by: str | None = Field(
        default=None,
        description="a column of which every new or changed row has a larger value than all rows had before, like "
        "`updated_at`: whether rows changed is then asked with two counts and the largest value, and all are fetched "
        "where they did. Default: all rows are read once a day, and by every `sectorforge run`",
    )

    @field_validator("url")
    @classmethod
    def _names_a_variable(cls, url: str) -> str:
        if "://" in url:
            raise ValueError(
                "holds an address, which may hold a password: put it into an environment variable, and write the name "
                "of that here, like WAREHOUSE_URL"
            )
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", url):
            raise ValueError("is not the name of an environment variable: write one, like WAREHOUSE_URL")
        return url

    @field_validator("table")
    @classmethod
    def _has_a_name(cls, table: str | None) -> str | None:
        if table is not None and not all(part.strip() for part in table.split(".")):
            raise ValueError(f"{table!r} names no table: write `table` or `schema.table`")
        return table

    @model_validator(mode="after")
    def _one_of_both(self) -> "Sql":
        if bool((self.query or "").strip()) == bool(self.table):
            raise ValueError("give either a `query` or a `table`")
        return self

    @model_validator(mode="after")
    def _one_column_of_changes(self) -> "Sql":
        if self.incremental and self.changed_by:
            raise ValueError("`incremental` names the column that shows changes: delete `changed_by`")
        return self

    @property
    def change_column(self) -> str | None:
        """The column whose largest value grows with every change, where one is declared."""
        return self.incremental.column if self.incremental else self.changed_by


class Simulation(Strict):
    """Rows that a simulator makes: the use case's `simulate` is called with the settings."""

    extra: str = Field(description="the extra of this project that installs the simulator")
    settings: dict[str, Any] = Field(default={})


SOURCES = ("package", "http", "files", "sql", "simulation")


class Source(Strict):
    """Where raw data comes from: exactly one of `package`, `http`, `files`, `sql`, `simulation`."""

    package: Package | None = None
    http: Http | None = None
    files: Files | None = None
    sql: Sql | None = None
    simulation: Simulation | None = None
    licence: str
    citation: str
    evidence: Literal["real", "perturbed", "simulated"] = "real"

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        named = [kind for kind in SOURCES if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"name exactly one of {', '.join(SOURCES)}; this file names {named or 'none'}")
        return self

    @model_validator(mode="after")
    def _a_simulation_says_so(self) -> "Source":
        if self.simulation and self.evidence != "simulated":
            raise ValueError(f"what a simulation shows is not {self.evidence}: write `evidence: simulated`")
        return self
