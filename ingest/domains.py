"""The registrable domain of a host, for visitor ids that hold across a site's subdomains (SPEC R10)."""

# The second-level suffixes that carry most of the web's registrations under country codes. The whole
# public suffix list is not needed: the website is part of the hash anyway, so a suffix that is missing
# here only joins two hosts of one and the same website.
_SECOND_LEVEL = frozenset(
    "co.uk org.uk me.uk ac.uk gov.uk ltd.uk com.au net.au org.au edu.au gov.au co.nz org.nz ac.nz co.jp ne.jp or.jp "
    "ac.jp go.jp co.kr or.kr go.kr co.in net.in org.in ac.in gov.in com.br net.br org.br gov.br com.mx org.mx com.ar "
    "com.co com.pe com.ve com.tr org.tr gov.tr com.cn net.cn org.cn gov.cn com.hk org.hk com.tw org.tw com.sg edu.sg "
    "com.my com.ph com.vn co.th in.th co.id or.id co.za org.za co.il org.il com.ua com.pl net.pl org.pl com.es com.pt "
    "com.gr com.cy co.at or.at com.sa com.eg com.ng co.ke com.pk com.bd".split()
)


def registrable_domain(hostname: str | None) -> str:
    """The last two labels of `hostname`, three under a second-level suffix; "" without a host."""
    if hostname is None:
        return ""
    labels = hostname.rsplit(".", 3)
    if len(labels) <= 2 or labels[-1].isdigit() or hostname.startswith("["):
        return hostname
    last_two = f"{labels[-2]}.{labels[-1]}"
    return f"{labels[-3]}.{last_two}" if last_two in _SECOND_LEVEL else last_two
