// The forecast of costs: the days so far, and the band in which the next ones are expected.

import { getIfThere } from "../core/api.js";
import { section } from "../parts/section.js";

/** Return the section. */
export function forecast(context) {
  return section({
    title: "Forecast",
    whole: true,
    load: () => getIfThere("forecast", { tenant: context.tenant, metric: "cost" }),
    show: () => null,
    empty: "There is not enough history for a forecast.",
  });
}
