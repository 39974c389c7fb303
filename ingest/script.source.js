// The tracker, as it is written. What is served is static/script.v1.js, made of this by `make tracker`.
(function (w, d, nav, loc) {
  var tag = d.currentScript;
  // An async script that was put there by another one has no currentScript in old browsers.
  if (!tag) tag = d.querySelector("script[data-website-id]");
  if (!tag) return;

  function option(name) {
    return tag.getAttribute("data-" + name);
  }

  // Whatever the page did to its globals: what fails here is not the page's business.
  function safe(work) {
    return function () {
      try {
        return work.apply(this, arguments);
      } catch (_) {}
    };
  }

  var site = option("website-id");
  var hosts = option("domains");
  var hash = option("hash") !== null;
  var api = (option("api") || tag.src.replace(/\/[^/]*$/, "")) + "/api/v1/analytics/event/batch";
  var prefix = "analytics." + site + ".";
  var secret = nav.globalPrivacyControl || nav.doNotTrack === "1";
  var WEEK = 6048e5;
  var store, visitor;
  // Storage may be blocked, or full: then nothing is kept, and nothing else changes.
  safe(function () {
    store = w.localStorage;
  })();

  function read(key) {
    try {
      return store.getItem(key);
    } catch (_) {}
  }
  var write = safe(function (key, value) {
    store.setItem(key, value);
  });
  var remove = safe(function (key) {
    store.removeItem(key);
  });

  function random() {
    return [].map.call(crypto.getRandomValues(new Uint32Array(4)), function (cell) {
      return cell.toString(36);
    }).join("");
  }

  // An id that outlives the day, only where the page asks for it and the visitor did not object.
  if (option("identity") === "persistent" && !secret) {
    visitor = read("analytics.visitor");
    if (!visitor) write("analytics.visitor", (visitor = random()));
  }

  // ---- Sending: at once, in one request for all of one turn. What could not be sent is kept under its id and
  // tried again for a week; the id makes a second arrival count for nothing.
  var waiting = [];
  var pauseUntil = 0;
  var timer;

  // The time of arrival is the time of an event, unless it is kept: then it says itself when it was.
  function keep(events, time) {
    if (kept().length < 200)
      events.forEach(function (event) {
        event.timestamp = time;
        write(prefix + event.id, JSON.stringify(event));
      });
  }

  function kept() {
    var events = [];
    Object.keys(store || {}).forEach(
      safe(function (key) {
        if (key.indexOf(prefix)) return;
        var event = JSON.parse(read(key));
        if (Date.now() - Date.parse(event.timestamp) < WEEK) events.push(event);
        else remove(key);
      })
    );
    return events;
  }

  function post(events, isKept) {
    if (!events.length) return;
    var now = new Date().toISOString();
    var body = JSON.stringify({ events: events, sent_at: now });
    function failed(seconds) {
      if (!isKept) keep(events, now);
      pauseUntil = Date.now() + seconds * 1e3;
      clearTimeout(timer);
      timer = setTimeout(resend, seconds * 1e3);
    }
    // A page that is left may still send 64 KiB in all.
    fetch(api, { method: "POST", body: body, keepalive: !isKept, credentials: "omit" }).then(
      safe(function (answer) {
        var status = answer.status;
        if (status === 429 || status >= 500) return failed(+answer.headers.get("Retry-After") || 60);
        if (isKept)
          events.forEach(function (event) {
            remove(prefix + event.id);
          });
      }),
      safe(function () {
        failed(60);
      })
    );
  }

  var flush = safe(function () {
    var events = waiting;
    waiting = [];
    if (Date.now() < pauseUntil) keep(events, new Date().toISOString());
    else post(events);
  });

  var resend = safe(function () {
    post(kept().slice(0, 50), true);
  });

  // A fragment is part of the page where it is a route.
  function path() {
    return loc.pathname + (hash ? loc.hash : "");
  }

  function send(type, more) {
    if (read("analytics_ignore") || (hosts && hosts.split(",").indexOf(loc.hostname) < 0)) return;
    var event = {
      website_id: site,
      visitor_id: visitor,
      id: random(),
      event_type: type,
      url: loc.href,
      page: path()
    };
    for (var key in more) event[key] = more[key];
    if (!waiting.length) setTimeout(flush, 0);
    waiting.push(event);
  }

  // ---- Page views and how long a page was looked at: visible and focused, and how far it was read.
  var url, here, first, from, activeSince, engaged, depth, deepest;

  function active() {
    return d.visibilityState === "visible" && d.hasFocus();
  }

  var look = safe(function () {
    var now = Date.now();
    if (activeSince) engaged += now - activeSince;
    activeSince = active() ? now : 0;
  });

  var scroll = safe(function () {
    var root = d.documentElement;
    var height = Math.max(root.scrollHeight, d.body ? d.body.scrollHeight : 0);
    var seen = height ? Math.round(((w.pageYOffset + w.innerHeight) / height) * 100) : 0;
    depth = Math.max(depth, Math.min(100, seen));
  });

  function leave() {
    if (!url) return;
    look();
    scroll();
    if (engaged > 99 || depth > deepest) {
      send("engagement", { url: url, page: here, engaged_ms: Math.min(engaged, 864e5), scroll_depth: depth });
      engaged = 0;
      deepest = depth;
    }
  }

  var view = safe(function () {
    if (path() === here) return;
    leave();
    start();
  });

  function start(more) {
    url = loc.href;
    here = path();
    engaged = depth = deepest = activeSince = 0;
    look();
    more = more || {};
    more.title = d.title;
    more.referrer = from || d.referrer;
    more.screen = screen.width + "x" + screen.height;
    more.language = nav.language;
    from = url;
    first = first || { url: url, page: here };
    send("pageview", more);
    setTimeout(scroll, 500);
  }

  // ---- Web vitals of the page that was loaded, once, when it is left.
  // No shift at all is a measurement where shifts are measured.
  var vitals = w.LayoutShift ? { cls: 0 } : {};
  var windowSum = 0;
  var windowStart = 0;
  var windowEnd = 0;

  function observe(type, each) {
    safe(function () {
      new PerformanceObserver(
        safe(function (list) {
          list.getEntries().forEach(each);
        })
      ).observe({ type: type, buffered: true, durationThreshold: 40 });
    })();
  }

  observe("largest-contentful-paint", function (entry) {
    vitals.lcp = entry.startTime;
  });
  observe("paint", function (entry) {
    if (entry.name === "first-contentful-paint") vitals.fcp = entry.startTime;
  });
  observe("event", function (entry) {
    if (entry.interactionId) vitals.inp = Math.max(vitals.inp || 0, entry.duration);
  });
  // The worst five seconds of shifts that are less than one apart: https://web.dev/articles/cls
  observe("layout-shift", function (entry) {
    if (entry.hadRecentInput) return;
    var at = entry.startTime;
    if (at - windowEnd > 1e3 || at - windowStart > 5e3) windowSum = windowStart = 0;
    windowStart = windowStart || at;
    windowEnd = at;
    windowSum += entry.value;
    vitals.cls = Math.max(vitals.cls, windowSum);
  });

  var measure = safe(function () {
    if (!vitals || !first) return;
    var load = performance.getEntriesByType("navigation")[0];
    vitals.ttfb = load.responseStart;
    if (load.loadEventEnd) vitals.load = load.loadEventEnd;
    first.performance = vitals;
    send("performance", first);
    vitals = 0;
  });

  var hide = safe(function () {
    leave();
    measure();
    flush();
  });

  // ---- What visitors do: clicks, downloads, forms, and what the page itself tells.
  var FILE = /\.(7z|csv|dmg|docx?|exe|gz|iso|mov|mp[34]|msi|od[spt]|pdf|pkg|pptx?|rar|txt|wav|xlsx?|zip)$/i;

  function named(element) {
    var properties = {};
    [].forEach.call(element.attributes, function (attribute) {
      if (!attribute.name.indexOf("data-event-")) properties[attribute.name.slice(11)] = attribute.value;
    });
    send(element.getAttribute("data-event"), { properties: properties });
  }

  var click = safe(function (event) {
    if (event.type === "auxclick" && event.button !== 1) return;
    var target = event.target;
    var element = target.closest("[data-event]");
    if (element && element.tagName !== "FORM") named(element);
    var link = target.closest("a[href]");
    if (!link || !link.host) return;
    var address = { properties: { url: link.origin + link.pathname } };
    if (FILE.test(link.pathname)) send("download", address);
    else if (link.host !== loc.host) send("outbound", address);
  });

  var submit = safe(function (event) {
    var form = event.target;
    if (form.getAttribute("data-event")) return named(form);
    send("form", { properties: { form: form.id || form.getAttribute("action") || "" } });
  });

  function on(target, types, listener) {
    types.split(" ").forEach(function (type) {
      target.addEventListener(type, listener, true);
    });
  }

  var track = safe(function (name, properties, options) {
    var more = {};
    for (var key in options) more[key] = options[key];
    if (properties) more.properties = properties;
    if (name === "pageview") {
      leave();
      start(more);
    } else send(String(name), more);
  });

  var begin = safe(function () {
    if (option("manual") === null) {
      start();
      ["pushState", "replaceState"].forEach(function (name) {
        var original = history[name];
        history[name] = function () {
          var result = original.apply(this, arguments);
          view();
          return result;
        };
      });
      on(w, "popstate hashchange", view);
      on(w, "pageshow", safe(function (event) {
        if (event.persisted) start();
      }));
    }
    on(d, "visibilitychange", safe(function () {
      if (d.visibilityState === "hidden") hide();
      else look();
    }));
    on(w, "pagehide", hide);
    on(w, "focus blur", look);
    on(w, "scroll", scroll);
    on(w, "online", resend);
    on(d, "click auxclick", click);
    on(d, "submit", submit);
    setTimeout(resend, 1e3);
  });

  // ---- window.analytics, shared by the trackers of one page; what was called before they came is told to each.
  safe(function () {
    var before = w.analytics;
    var calls = (before && before.q) || [];
    if (!before || !before.t) {
      w.analytics = function () {
        var given = arguments;
        w.analytics.t.forEach(function (one) {
          one.apply(null, given);
        });
      };
      w.analytics.q = calls;
      w.analytics.t = [];
      w.analytics.ignore = function (flag) {
        (flag === false ? remove : write)("analytics_ignore", "true");
      };
    }
    function run() {
      begin();
      w.analytics.t.push(track);
      [].forEach.call(calls, function (given) {
        track.apply(null, given);
      });
    }
    // A page that is rendered ahead is a visit once it is shown.
    if (d.prerendering) on(d, "prerenderingchange", run);
    else run();
  })();
})(window, document, navigator, location);
