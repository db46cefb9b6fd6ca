"""How a file's page on GitLab, its API address and the addresses relative to it hang together."""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urljoin, urlsplit

_BLOB = re.compile(r"^/(?P<project>.+?)(?:/-)?/blob/(?P<branch>[^/]+)/(?P<path>.+)$")
_GLOB = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Blob:
    """A file (or a pattern for files) in a branch of a GitLab project."""

    origin: str
    project: str
    branch: str
    path: str

    def page(self, path: str) -> str:
        """The page of another file in the same branch."""
        return f"{self.origin}/{self.project}/-/blob/{quote(self.branch, safe='')}/{quote(path)}"

    def raw(self) -> str:
        """The raw file API on the page's own host, as Backstage builds it: without asking for the project first."""
        return (
            f"{self.origin}/api/v4/projects/{quote(self.project, safe='')}/repository/files/"
            f"{quote(self.path, safe='')}/raw?ref={quote(self.branch, safe='')}"
        )


def parse(url: str) -> Blob:
    """Take a file's page apart; a branch with a slash must have it encoded, else its rest counts as path.

    Raises:
        ValueError: it is not the address of a file.
    """
    parts = urlsplit(url)
    found = _BLOB.match(parts.path)
    if found is None:
        raise ValueError(f"Failed converting {url} to a project id. Url path must include /blob/.")
    return Blob(
        origin=f"{parts.scheme}://{parts.netloc}",
        project=unquote(found["project"]),
        branch=unquote(found["branch"]),
        path=unquote(found["path"]),
    )


def is_pattern(url: str) -> bool:
    """Whether the address names files by a glob."""
    return bool(_GLOB.search(urlsplit(url).path))


def resolved(target: str, base: str) -> str:
    """The absolute form of a target that a file at `base` names; a leading slash is the repository's root."""
    if urlsplit(target).scheme:
        return target
    if target.startswith("/"):
        return parse(base).page(target.lstrip("/"))
    return urljoin(base, target)


def folder_page(url: str) -> str:
    """The page of the folder that a file is in, with its trailing slash."""
    return urljoin(url, "./").replace("/blob/", "/tree/")


def edit_page(url: str) -> str:
    """The page at which people edit a file."""
    return url.replace("/blob/", "/edit/")


def split_location(ref: str) -> tuple[str, str]:
    """`url:https://...` as its type and target.

    Raises:
        ValueError: it has no type or no target.
    """
    kind, colon, target = ref.partition(":")
    if not (kind and colon and target):
        raise ValueError(
            f"Unable to parse location ref '{ref}', expected '<type>:<target>', e.g. 'url:https://host/path'"
        )
    return kind, target


def generated_name(target: str) -> str:
    """The name of the Location entity that stands for a registered location."""
    digest = hashlib.sha1(f"url:{target}".encode(), usedforsecurity=False).hexdigest()
    return f"generated-{digest}"


def glob_regex(pattern: str) -> re.Pattern[str]:
    """A path pattern: `*` stays within a folder and passes over hidden files, `**` does not stay."""
    out = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        match piece:
            case "**/":
                out += r"(?:[^/]+/)*"
            case "**":
                out += r".*"
            case "*":
                out += r"(?!\.)[^/]*" if out.endswith("/") or not out else r"[^/]*"
            case "?":
                out += r"[^/]"
            case _:
                out += re.escape(piece)
    return re.compile(rf"^{out}$")


def fixed_folder(pattern: str) -> str:
    """The folder above the first segment that has a glob in it; empty for the root."""
    fixed: list[str] = []
    for segment in pattern.split("/")[:-1]:
        if _GLOB.search(segment):
            break
        fixed.append(segment)
    return "/".join(fixed)
