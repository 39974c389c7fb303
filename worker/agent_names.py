"""Names that merge the families of the user agent parser across platforms (SPEC R48)."""

# Family of the parser -> the name shown; a family that is not here keeps its own name.
BROWSER_NAMES = {
    "Android": "Android Browser",
    "Amazon Silk": "Silk",
    "BlackBerry WebKit": "BlackBerry Browser",
    "Brave Mobile": "Brave",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Edge Mobile": "Edge",
    "Edge Webview": "Edge",
    "Firefox Alpha": "Firefox",
    "Firefox Beta": "Firefox",
    "Firefox Focus": "Firefox",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Firefox Reality": "Firefox",
    "Google": "Google App",
    "HeadlessChrome": "Headless Chrome",
    "HuaweiBrowser": "Huawei Browser",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "IE Large Screen": "Internet Explorer",
    "Konqueror Mobile": "Konqueror",
    "MiuiBrowser": "MIUI Browser",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Opera GX": "Opera",
    "Opera Mobile": "Opera",
    "Opera Tablet": "Opera",
    "QQ Browser Mobile": "QQ Browser",
    "QQ Browser Mini": "QQ Browser",
    "Vivaldi Mobile": "Vivaldi",
    "YandexBrowser": "Yandex Browser",
    "Yandex Browser Mobile": "Yandex Browser",
}

# Distributions are Linux: most browsers do not tell which, so the split would mean nothing.
SYSTEM_NAMES = {
    "Mac OS X": "macOS",
    "Mac OS": "macOS",
    "ATV OS X": "tvOS",
    "Chromecast Linux": "Chromecast",
    "Chromecast Android": "Chromecast",
    "Web0S": "webOS",
    "Arch Linux": "Linux",
    "CentOS": "Linux",
    "Debian": "Linux",
    "Fedora": "Linux",
    "Gentoo": "Linux",
    "Kubuntu": "Linux",
    "Linux Mint": "Linux",
    "Mageia": "Linux",
    "Mandriva": "Linux",
    "Red Hat": "Linux",
    "SUSE": "Linux",
    "Slackware": "Linux",
    "Ubuntu": "Linux",
    "BlackBerry Tablet OS": "BlackBerry OS",
    "Symbian^3": "Symbian OS",
    "Symbian^3 Anna": "Symbian OS",
    "Symbian^3 Belle": "Symbian OS",
}

# What tells the class of a device in a user agent; the first row that matches wins. The order matters:
# televisions and tablets also say "Android", Windows Phone also says "Xbox".
DEVICE_MARKS = (
    ("mobile", r"Windows Phone"),
    (
        "tv",
        (
            r"(?i:smart-?\s?tv|apple\s?tv|google\s?tv|android\s?tv|hbbtv|bravia|web0s|webos\.tv|netcast|\broku|crkey|vidaa)"
            r"|\bAFT[A-Z0-9]{1,6}\b|NETTV|Viera|Tizen.*\bTV\b|\bDTV\b|tvOS"
        ),
    ),
    ("console", r"PlayStation|PLAYSTATION|Nintendo|Xbox|XBOX"),
    ("wearable", r"watchOS|Apple Watch|Wear\s?OS|Galaxy Watch|\bSM-R[789]\d\d"),
    ("tablet", r"iPad|PlayBook|Kindle|Silk/|Android.*\bTablet\b|hp-tablet|\(Tablet;"),
    (
        "mobile",
        r"Mobi|iPhone|iPod|IEMobile|BlackBerry|BB10|Opera Mini|Symbian|SymbOS|KAIOS|MIDP|J2ME|Nokia|Dalvik|webOS/",
    ),
)

# Without a mark the system decides. Android's documented rule: a telephone says "Mobile", a tablet does not.
SYSTEM_DEVICES = {
    "Android": "tablet",
    "iOS": "mobile",
    "Windows": "desktop",
    "macOS": "desktop",
    "Linux": "desktop",
    "Chrome OS": "desktop",
    "FreeBSD": "desktop",
    "NetBSD": "desktop",
    "OpenBSD": "desktop",
    "DragonFly BSD": "desktop",
    "Solaris": "desktop",
    "OS/2": "desktop",
    "Haiku": "desktop",
}
