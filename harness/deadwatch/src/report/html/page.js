// Filters the table and the runs by what is typed, and opens the run that a link leads to.
"use strict";
{
  const find = document.getElementById("find");
  const found = document.getElementById("found");
  const rows = [...document.querySelectorAll("tbody tr")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    run: document.querySelector(row.querySelector("a").hash),
  }));
  const filter = () => {
    const words = find.value.toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { row, text, run } of rows) {
      const hidden = !words.every((word) => text.includes(word));
      row.hidden = hidden;
      (run.closest("details") ?? run).hidden = hidden;
      if (!hidden) shown += 1;
    }
    for (const section of document.querySelectorAll("section")) {
      section.hidden = !section.querySelector(".beside > div > :not([hidden])");
    }
    found.textContent = find.value ? `${shown} of ${rows.length}` : "";
  };
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const run = target && target.closest("details");
    if (run) {
      run.open = true;
      run.querySelector("summary").focus();
      run.scrollIntoView();
    }
  };
  const form = document.getElementById("search");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  find.addEventListener("input", filter);
  addEventListener("hashchange", reveal);
  reveal();
}
