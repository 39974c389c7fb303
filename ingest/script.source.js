// The tracker, as it is written. What is served is static/script.v1.js, made of this by `make tracker`.
(function (w, d, nav, loc) {
  // An async script that was put there by another one has no currentScript in old browsers.
  var tag = d.currentScript || d.querySelector("[data-website-id]");

  // Whatever the page did to its globals: what fails here is not the page's business.
  function safe(work) {
    return function () {
      try {
        return work.apply(this, arguments);
      } catch (_) {}
    };
  }

  // Whatever happens in the page passes here on its way down.
  function on(types, listener) {
    types.split(" ").forEach(function (type) {
      w.addEventListener(type, safe(listener), true);
    });
  }

  function later(work, milliseconds) {
    return setTimeout(safe(work), milliseconds);
  }

  safe(function () {
    var options = tag.dataset;
    var site = options.websiteId;
    var hosts = options.domains;
    var api = (options.api || tag.src.replace(/\/[^/]*$/, "")) + "/api/v1/analytics/event/batch";
    // No website id has a slash: the keys of one are never the beginning of another's.
    var prefix = "analytics/" + site + "/";
    var visitor;
    // Storage may be blocked, or full: then nothing is kept, and nothing else changes.
    var storage = safe(function (method, key, value) {
      return w.localStorage[method + "Item"](key, value);
    });

    function random() {
      return crypto.getRandomValues(new Uint32Array(4)) + "";
    }

    // An id that outlives the day, only where the page asks for it and the visitor did not object.
    if (options.identity === "persistent" && !nav.globalPrivacyControl && !(nav.doNotTrack > 0)) {
      if (!storage("get", "analytics.visitor")) storage("set", "analytics.visitor", random());
      // Where it cannot be kept there is none, rather than a new one on every page.
      visitor = storage("get", "analytics.visitor");
    }

    // ---- Sending: at once, in one request for all of one turn. What could not be sent is kept under its id and
    // tried again for a week; the id makes a second arrival count for nothing.
    var waiting = [];
    // Set while nothing is sent but kept, because the last request failed.
    var pause;

    function keep(events) {
      if (kept().length < 200)
        events.forEach(function (event) {
          storage("set", prefix + event.id, JSON.stringify(event));
        });
    }

    function kept() {
      var events = [];
      safe(function () {
        Object.keys(w.localStorage).forEach(
          safe(function (key) {
            if (key.indexOf(prefix)) return;
            var event = JSON.parse(storage("get", key));
            if (Date.now() - Date.parse(event.timestamp) < 6048e5) events.push(event);
            else storage("remove", key);
          })
        );
      })();
      return events;
    }

    function post(events, isKept) {
      var body = JSON.stringify({ events: events, sent_at: new Date().toISOString() });
      var failed = safe(function (seconds) {
        keep(events);
        // Without a number it is the error of a request that did not come through.
        pause = pause || later(resend, (seconds > 0 ? seconds : 60) * 1e3);
      });
      try {
        // A page that is left may still send 64 KiB in all.
        fetch(api, { method: "POST", body: body, keepalive: !isKept, credentials: "omit" }).then(
          safe(function (answer) {
            // Too many, or the server's own trouble; no other status as high is ever given.
            if (answer.status > 428) failed(answer.headers.get("Retry-After"));
            else if (isKept) {
              events.forEach(function (event) {
                storage("remove", prefix + event.id);
              });
              later(resend, 1e3);
            }
          }),
          failed
        );
      } catch (_) {
        nav.sendBeacon(api, body);
      }
    }

    function flush() {
      var events = waiting.splice(0);
      if (pause) keep(events);
      else if (events[0]) post(events);
    }

    function resend() {
      clearTimeout(pause);
      pause = 0;
      var events = kept().slice(0, 50);
      if (events[0]) post(events, 1);
    }

    // A fragment is part of the page where it is a route.
    function path() {
      return loc.pathname + ("hash" in options ? loc.hash : "");
    }

    function send(type, properties, fields) {
      if (storage("get", "analytics.ignore") || (hosts && hosts.split(",").indexOf(loc.hostname) < 0)) return;
      var event = {
        website_id: site,
        visitor_id: visitor,
        id: random(),
        timestamp: new Date().toISOString(),
        event_type: type,
        url: loc.href,
        page: path(),
        // A browser that a program drives says so.
        webdriver: nav.webdriver,
        properties: properties
      };
      for (var key in fields) event[key] = fields[key];
      if (waiting.push(event) < 2) later(flush);
    }

    // ---- Page views and how long a page was looked at: visible and focused, and how far it was read.
    var url, here, from, activeSince, engaged, depth, deepest;

    function look() {
      var now = Date.now();
      // This is called every ten minutes: more than that is a machine that slept.
      if (activeSince) engaged += Math.min(now - activeSince, 6e5);
      activeSince = !d.hidden && d.hasFocus() && now;
    }

    function scroll() {
      var height = d.scrollingElement.scrollHeight;
      depth = Math.max(depth, Math.min(100, Math.round(((w.pageYOffset + w.innerHeight) / height) * 100)));
    }

    function leave() {
      if (!url) return;
      look();
      scroll();
      if (engaged > 99 || depth > deepest) {
        send("engagement", null, { url: url, page: here, engaged_ms: engaged, scroll_depth: depth });
        engaged = 0;
        deepest = depth;
      }
    }

    function view() {
      if (path() === here) return;
      leave();
      start();
    }

    function start(properties, fields) {
      url = loc.href;
      here = path();
      engaged = depth = deepest = activeSince = 0;
      look();
      // The page keeps its own object as it is.
      fields = Object.create(Object(fields));
      fields.title = d.title;
      fields.referrer = from || d.referrer;
      fields.screen = screen.width + "x" + screen.height;
      fields.language = nav.language;
      from = url;
      send("pageview", properties, fields);
      later(scroll, 500);
    }

    // ---- Web vitals of the page that was loaded, once, when it is left. One that was loaded behind others was painted
    // when somebody looked at it, which says nothing of its speed.
    var loaded, vitals, navigation;
    var windowSum, windowStart;
    // So that the first shift begins a window.
    var windowEnd = -1e4;
    var interactions = {};

    // For whoever waits, a page that was rendered ahead begins when it is shown.
    function since(at) {
      return Math.max(0, at - (navigation.activationStart || 0));
    }

    function observe(type, each) {
      new PerformanceObserver(
        safe(function (list) {
          list.getEntries().forEach(each);
        })
      ).observe({
        type: type,
        buffered: true,
        // Milliseconds, the least that may be asked for: no frame is quicker.
        durationThreshold: 16
      });
    }

    function watch() {
      if (d.hidden) return;
      loaded = { url: loc.href, page: path() };
      navigation = performance.getEntriesByType("navigation")[0];
      // No shift at all is a measurement where shifts are measured.
      vitals = loaded.performance = { cls: w.LayoutShift && 0 };
      observe("largest-contentful-paint", function (entry) {
        vitals.lcp = since(entry.startTime);
      });
      observe("paint", function (entry) {
        // The last of its entries is first-contentful-paint, before which nothing to be seen was painted.
        vitals.fcp = since(entry.startTime);
      });
      observe("event", function (entry) {
        var id = entry.interactionId;
        if (id) interactions[id] = Math.max(interactions[id] || 0, entry.duration);
      });
      // The worst five seconds of shifts that are less than one apart: https://web.dev/articles/cls
      observe("layout-shift", function (entry) {
        if (entry.hadRecentInput) return;
        var at = entry.startTime;
        if (at - windowEnd > 1e3 || at - windowStart > 5e3) {
          windowSum = 0;
          windowStart = at;
        }
        windowEnd = at;
        windowSum += entry.value;
        vitals.cls = Math.max(vitals.cls, windowSum);
      });
    }

    function measure() {
      if (!loaded) return;
      // One in fifty of all interactions is left out, the worst first: https://web.dev/articles/inp
      var worst = Object.values(interactions).sort(function (a, b) {
        return b - a;
      });
      vitals.inp = worst[(performance.interactionCount / 50) | 0] || worst.pop();
      vitals.ttfb = since(navigation.responseStart);
      if (navigation.loadEventEnd) vitals.load = since(navigation.loadEventEnd);
      send("performance", null, loaded);
      loaded = 0;
    }

    function hide() {
      safe(leave)();
      safe(measure)();
      flush();
    }

    // ---- What visitors do: clicks, downloads, forms, and what the page itself tells.
    function named(element) {
      var properties = {};
      [].forEach.call(element.attributes, function (attribute) {
        if (!attribute.name.indexOf("data-event-")) properties[attribute.name.slice(11)] = attribute.value;
      });
      send(element.dataset.event, properties);
    }

    function click(event) {
      if (event.button > 1) return;
      var target = event.target;
      var element = target.closest("[data-event]:not(form)");
      if (element) named(element);
      var link = target.closest("a[href]");
      if (!link || !link.host) return;
      var address = { url: link.origin + link.pathname };
      if (/\.(7z|csv|dmg|docx?|exe|gz|iso|mov|mp[34]|msi|od[spt]|pdf|pkg|pptx?|rar|txt|xlsx?|zip)$/i.test(link.pathname))
        send("download", address);
      else if (link.host !== loc.host) send("outbound", address);
    }

    function submit(event) {
      var form = event.target;
      if (form.dataset.event) named(form);
      // A field named "id" would hide the form's own.
      else send("form", { form: form.getAttribute("id") || form.getAttribute("action") });
    }

    function track(name, properties, fields) {
      if (name === "pageview") {
        leave();
        start(properties, fields);
      } else send(name + "", properties, fields);
    }

    function begin() {
      safe(watch)();
      if (!("manual" in options)) {
        start();
        if ("404" in options) send("404", null, { interactive: false });
        ["pushState", "replaceState"].forEach(function (name) {
          var original = history[name];
          history[name] = function () {
            var result = original.apply(this, arguments);
            safe(view)();
            return result;
          };
        });
        on("popstate hashchange", view);
        on("pageshow", function (event) {
          if (event.persisted) start();
        });
      }
      on("visibilitychange", function () {
        if (d.hidden) hide();
        else look();
      });
      on("pagehide", hide);
      on("focus blur", look);
      on("scroll", scroll);
      on("online", resend);
      on("click auxclick", click);
      on("submit", submit);
      later(resend, 1e3);
      // A session ends after half an hour without an event, and what is read may take longer.
      setInterval(safe(leave), 6e5);
    }

    // ---- window.analytics, shared by the trackers of one page; what was called before they came is told to each.
    var hub = w.analytics || 0;
    var calls = hub.q || [];
    if (!hub.t) {
      hub = function () {
        var given = arguments;
        // Nobody listens yet in a page that is rendered ahead.
        if (!hub.t[0]) calls.push(given);
        hub.t.forEach(function (one) {
          one.apply(0, given);
        });
      };
      hub.q = calls;
      hub.t = [];
      // The name may be another product's, which the page needs more than ours.
      if (!w.analytics || w.analytics.q) w.analytics = hub;
      hub.ignore = function (flag) {
        storage(flag === false ? "remove" : "set", "analytics.ignore", 1);
      };
    }
    // The same tag twice, or a page under development, counts nothing.
    if (hub[prefix] || (!("dev" in options) && /\blocalhost$|^127\.|^\[::1]|^$/.test(loc.hostname))) return;
    hub[prefix] = 1;

    function run() {
      safe(begin)();
      var one = safe(track);
      hub.t.push(one);
      calls.forEach(function (given) {
        one.apply(0, given);
      });
    }
    // A page that is rendered ahead is a visit once it is shown.
    if (d.prerendering) on("prerenderingchange", run);
    else run();
  })();
})(window, document, navigator, location);
