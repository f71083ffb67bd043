// What the theme leaves out for readers with a keyboard or a screen reader.
function complete() {
  const each = (selector, change) => document.querySelectorAll(selector).forEach(change);
  each(".sidebar-drawer", e => e.setAttribute("aria-label", "Contents of the site"));
  each(".toc-drawer", e => e.setAttribute("aria-label", "Contents of this page"));
  each(".caption[role=heading]", e => e.setAttribute("aria-level", "2"));
  each("th", e => { if (!e.textContent.trim()) e.outerHTML = "<td></td>"; });
  // what can be scrolled can be reached by the tab key
  each("pre, .table-wrapper, .output, .math", e => { if (e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight) e.tabIndex = 0; });
  if (!document.querySelector("h1")) {
    const title = document.createElement("h1");
    title.textContent = document.title.split(" - ")[0];
    document.querySelector("article, [role=main]").prepend(title);
  }
}
document.addEventListener("DOMContentLoaded", complete);
window.addEventListener("load", complete);
