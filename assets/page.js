// Comfort only: every page works without this file. No network, no storage but the unsent draft.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Times in the reader's own time zone.
  for (const time of all("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!isNaN(at)) time.title = at.toLocaleString([], { dateStyle: "full", timeStyle: "short" });
  }

  // A time is asked for in UTC; with this script it is the reader's own.
  for (const field of all("input[data-moment]")) {
    const zone = field.form.querySelector("input[name=zone]");
    const at = new Date(`${field.value}Z`);
    if (!isNaN(at)) field.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
    for (const word of all(".zone", field.form)) word.textContent = "your time";
    const note = () => {
      const typed = new Date(field.value);
      zone.value = isNaN(typed) ? "0" : String(-typed.getTimezoneOffset());
    };
    field.addEventListener("input", note);
    note();
  }

  // One open menu at a time; a click elsewhere or Escape closes it.
  const menus = () => all("details.more[open], details.alt[open]");
  document.addEventListener("click", ({ target }) => menus().forEach((menu) => menu.contains(target) || (menu.open = false)));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && menus().forEach((menu) => (menu.open = false)));

  for (const form of all("form.compose")) {
    const text = form.querySelector("textarea[name=text]");
    const count = form.querySelector(".count");
    const most = Number(text.getAttribute("maxlength"));
    const tally = () => {
      const left = most - [...text.value].length;
      count.textContent = left < 500 ? String(left) : "";
      count.classList.toggle("over", left < 0);
    };
    text.addEventListener("input", tally);
    tally();

    // Ctrl+Enter sends.
    text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    text.addEventListener("focus", () => {
      const end = text.value.length;
      if (text.selectionStart === 0 && end > 0) text.setSelectionRange(end, end);
    }, { once: true });

    // The next place for a picture appears when the one before is taken; a picture without words asks once.
    const places = all("[data-upload]", form);
    const file = (place) => place.querySelector("input[name=image]");
    const alt = (place) => place.querySelector("textarea");
    const taken = (place) => file(place).files.length > 0;
    const lay = () => places.forEach((place, n) => {
      place.classList.toggle("spare", n > 0 && !taken(places[n - 1]) && !taken(place));
      place.classList.remove("lacking");
    });
    places.forEach((place) => place.addEventListener("input", lay));
    lay();
    let asked = false;
    form.addEventListener("submit", (event) => {
      const lacking = places.filter((place) => taken(place) && !alt(place).value.trim());
      if (lacking.length > 0 && !asked) {
        asked = true;
        event.preventDefault();
        for (const place of lacking) {
          place.classList.add("lacking");
          alt(place).placeholder = "Say in a sentence what can be seen. Post again to go without.";
        }
        lacking[0].closest("details").open = true;
        alt(lacking[0]).focus();
        return;
      }
      form.querySelector("button.main").disabled = true;
      setTimeout(() => (form.querySelector("button.main").disabled = false), 8000);
    });

    // A picture pasted or dropped into the text takes the next free place.
    const put = (list) => {
      for (const picture of [...list].filter(({ type }) => /^(image|video|audio)\//.test(type))) {
        const place = places.find((one) => !taken(one));
        if (!place) return;
        const box = new DataTransfer();
        box.items.add(picture);
        file(place).files = box.files;
        place.closest("details").open = true;
        lay();
      }
    };
    text.addEventListener("paste", ({ clipboardData }) => put(clipboardData.files));
    text.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length > 0) { event.preventDefault(); put(event.dataTransfer.files); }
    });

    // What was not sent is there again after an accident.
    const key = `draft ${location.pathname}${location.search}`;
    const began = text.value;
    try {
      const kept = sessionStorage.getItem(key);
      if (kept && !document.querySelector(".problem")) { text.value = kept; tally(); }
      text.addEventListener("input", () => text.value.trim() && text.value !== began ? sessionStorage.setItem(key, text.value) : sessionStorage.removeItem(key));
      form.addEventListener("submit", (event) => event.defaultPrevented || sessionStorage.removeItem(key));
    } catch { /* storage is off */ }
  }
})();
