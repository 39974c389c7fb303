// Nothing is deleted by one click.

import { call } from "./api.js";
import { dialog, h, notify } from "./dom.js";

/** Say what deleting means and ask whether to; then DELETE `path`, and tell `done`. */
export function removal(title, text, path, done) {
  const remove = async () => {
    try {
      await call("DELETE", path);
      box.close();
      done();
    } catch (error) {
      notify(error.message);
    }
  };
  const box = dialog(title, h("p", {}, text), h("button", { class: "danger", onclick: remove }, title));
}
