/* Counts a visit at the company's own Google Analytics: without cookies, by the kind of page and never by its address. */
"use strict";

(() => {
  const { id, page } = document.currentScript.dataset;
  window.dataLayer = window.dataLayer || [];
  function gtag() { window.dataLayer.push(arguments); }
  gtag("consent", "default", { ad_storage: "denied", ad_user_data: "denied", ad_personalization: "denied", analytics_storage: "denied" });
  gtag("js", new Date());
  gtag("config", id, { page_location: `${location.origin}/${page}`, page_title: page, page_referrer: "" });
})();
