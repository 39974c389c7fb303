// Types of `window.analytics`; copy this file beside your sources.
interface AnalyticsOptions {
  /** What the event earned; the amount as text keeps every digit. */
  revenue?: { amount: string | number; currency: string };
  /** false: the event does not turn a bounce into a visit. */
  interactive?: boolean;
  /** The page it happened on, in place of the address of the window. */
  url?: string;
  page?: string;
}

interface Analytics {
  /** Send a custom event, or another page view with the name "pageview". */
  (name: string, properties?: Record<string, string | number | boolean>, options?: AnalyticsOptions): void;
  /** Never count this browser again; `false` counts it again. */
  ignore?(flag?: boolean): void;
  /** Calls made before the script came. */
  q?: IArguments[];
}

interface Window {
  analytics: Analytics;
}
