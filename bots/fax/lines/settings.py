"""What each fax line has to be told: the tables below ``[fax]``. Each key is described here, once."""

from __future__ import annotations

from typing import Annotated, Protocol

from msgspec import Meta

from bots.model import Frozen


class FolderSettings(Frozen):
    """[fax.folder]: packets are put into a folder, for a person or another program to send."""

    path: Annotated[str, Meta(description="The folder, relative to the home unless absolute. Empty: fax/outbox in the home.")] = (
        ""
    )


class HylafaxSettings(Frozen):
    """[fax.hylafax]: a fax server with a modem."""

    host: Annotated[str, Meta(description="The HylaFAX server. Needed for line hylafax.")] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="Its client port.")] = 4559
    user: Annotated[
        str,
        Meta(
            description="Our user name there, as etc/hosts.hfaxd of the server lists it. Its password: "
            "`priorbot vault set fax.hylafax.password`"
        ),
    ] = "priorbot"
    dial_prefix: Annotated[
        str,
        Meta(
            pattern=r"^[0-9*#,]*$",
            description='What is dialled before the number, such as "9," for an outside line or "1" for long distance.',
        ),
    ] = "1"
    modem: Annotated[str, Meta(description="The modem or class of modems to use. Empty: any.")] = ""
    most_pages: Annotated[int, Meta(ge=0, description="Most pages of one fax; longer ones are a person's. 0: no limit.")] = 0
    unencrypted: Annotated[
        bool,
        Meta(
            description="HylaFAX's protocol is not encrypted, so a server elsewhere is refused. true: the way to it is "
            "protected otherwise (VPN, SSH tunnel, a cable of your own)."
        ),
    ] = False


class HostedSettings(Frozen):
    """[fax.hosted]: a hosted fax service."""

    base_url: Annotated[
        str, Meta(description="Address of the API: Telnyx's Programmable Fax. Its key: `priorbot vault set fax.hosted.api_key`")
    ] = "https://api.telnyx.com/v2"
    connection_id: Annotated[str, Meta(description="Id of your Programmable Fax application there. Needed for line http.")] = ""
    from_number: Annotated[str, Meta(description="Your fax number there, from which is sent. Needed for line http.")] = ""
    agreement: Annotated[
        str,
        Meta(
            description="Where the business associate agreement with the service is filed. Needed for a service that is not on "
            "this machine: without the agreement no patient's data goes there."
        ),
    ] = ""
    public_key: Annotated[
        str, Meta(description="The service's public key (base64) that signs its status calls. Empty: none are taken.")
    ] = ""
    status_port: Annotated[
        int,
        Meta(
            ge=0,
            le=65535,
            description="Port on this machine alone (127.0.0.1) on which `priorbot run` takes the service's status calls, at "
            "/fax/status, behind your own reverse proxy. 0: none; the service is asked every minute in any case.",
        ),
    ] = 0


class LineSettings(Protocol):
    """``[fax]`` as the lines see it."""

    @property
    def line(self) -> str: ...

    @property
    def folder(self) -> FolderSettings: ...

    @property
    def hylafax(self) -> HylafaxSettings: ...

    @property
    def hosted(self) -> HostedSettings: ...
