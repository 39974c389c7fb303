// What is far down the page is asked for when somebody comes near it: most never do, and lists cost most.

const NEAR = "300px";
const MOST_MS = 15_000;

/** Call `load` once `element` is nearly on the screen, or goes on paper, unless `signal` ended that. */
export function whenSeen(element, signal, load) {
  const over = new AbortController();
  const watch = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && begin(), { rootMargin: NEAR });
  function begin() {
    end();
    load();
  }
  function end() {
    watch.disconnect();
    over.abort();
  }
  watch.observe(element);
  signal.addEventListener("abort", end, { signal: over.signal });
  addEventListener("beforeprint", begin, { signal: over.signal });
}

/** Have everything asked for, wait until it is there, and print. */
export async function printAll() {
  const end = Date.now() + MOST_MS;
  dispatchEvent(new Event("beforeprint"));
  while (document.querySelector("[aria-busy=true]") && Date.now() < end) await new Promise((done) => setTimeout(done, 50));
  print();
}
