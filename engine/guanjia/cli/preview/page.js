// Draws what the server tells and asks it for more; holds no rule and no words of its own. All text is set as text, never as HTML;
// only the picture is markup, and it is parsed as SVG.
"use strict";

const at = (id) => document.getElementById(id);
let state = null;
let words = {};
const drawn = {};
let lost = false;

// -- making elements

function h(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, run] of Object.entries(value)) made.addEventListener(event, run);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...inside.flat(9).filter((it) => it !== null && it !== undefined && it !== false && it !== ""));
  return made;
}

/** Draw a section anew where what it shows has changed; what was open in it stays open, and the keyboard where it was. */
function section(id, shown, draw) {
  const key = JSON.stringify([state.language, shown]);
  if (drawn[id] === key) return;
  drawn[id] = key;
  const place = at(id);
  const open = new Map([...place.querySelectorAll("details[id]")].map((it) => [it.id, it.open]));
  const focus = place.contains(document.activeElement) ? document.activeElement.id : "";
  const scrolled = [...place.querySelectorAll(".drawn")].map((it) => [it.scrollLeft, it.scrollTop]);
  place.replaceChildren(...[draw(shown)].flat(9).filter(Boolean));
  for (const it of place.querySelectorAll("details[id]")) if (open.has(it.id)) it.open = open.get(it.id);
  if (focus && at(focus)) at(focus).focus();
  place.querySelectorAll(".drawn").forEach((it, i) => scrolled[i] && it.scrollTo(...scrolled[i]));
}

// -- talking to the server

function asked() {
  const place = new URLSearchParams(location.hash.slice(1));
  const remembered = localStorage.getItem("language");
  return { lang: place.get("lang") || remembered || "", procedure: place.get("procedure") || "", as: place.get("as") || "" };
}

function ask(more) {
  const place = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(more)) value ? place.set(name, value) : place.delete(name);
  history.replaceState(null, "", "#" + place);
  return refresh();
}

let waiting = null;
let again = false;
/** Ask for the state; while one is on its way another one is asked for only once. */
async function refresh() {
  if (waiting) { again = true; return waiting; }
  waiting = (async () => {
    do {
      again = false;
      try {
        const told = await fetch("state?" + new URLSearchParams(asked()));
        const answer = await told.json();
        if (told.ok) show(answer); else notice(answer.problem);
      } catch { gone(); }
    } while (again);
    waiting = null;
  })();
  return waiting;
}

function follow() {
  const source = new EventSource("follow?after=" + (state ? state.number : ""));
  source.onmessage = (event) => { gone(false); if (!state || Number(event.data) !== state.number) refresh(); };
  source.onopen = () => gone(false);
  source.onerror = () => gone();
}

function gone(is = true) {
  lost = is;
  const place = at("following");
  place.textContent = state ? is ? words.lost : words.following : "…";
  place.classList.toggle("lost", is);
}

function notice(text) {
  at("notice").textContent = text || "";
  at("notice").hidden = !text;
}

// -- the page

function show(told) {
  state = told;
  words = told.words;
  document.documentElement.lang = told.language;
  document.title = `${told.office.name} · ${words.preview}`;
  at("name").textContent = told.office.name;
  const language = at("language");
  language.textContent = words.other_language;
  language.lang = told.language === "zh" ? "en" : "zh";
  gone(lost);
  const chosen = told.office.procedures.find((it) => it.name === told.procedure);
  notice(!told.procedure ? words.no_procedures : chosen.broken && told.picture.svg ? words.stale : "");
  chooser(told);
  section("findings", [told.office.findings, told.office.errors], drawFindings);
  section("picture", [told.procedure, told.picture], drawPicture);
  present(told);
  section("play", [told.procedure, told.case, told.opening, told.stop], drawPlay);
  section("stories", [told.procedure, told.stories], drawStories);
}

function chooser(told) {
  const key = JSON.stringify([told.office.procedures, told.procedure, told.language]);
  if (drawn.choose === key) return;
  drawn.choose = key;
  at("choose").hidden = !told.procedure;
  at("choose").firstElementChild.textContent = words.procedure;
  at("procedure").replaceChildren(...told.office.procedures.map((it) =>
    h("option", { value: it.name, selected: it.name === told.procedure }, `${it.label}${it.label === it.name ? "" : ` (${it.name})`}${it.broken ? " ✗" : ""}`)));
}

function drawFindings([findings, errors]) {
  if (!findings.length) return h("h2", {}, words.findings, h("small", { class: "good" }, "✓ ", words.clean));
  const counts = [errors && `${words.errors} ${errors}`, findings.length - errors && `${words.warnings} ${findings.length - errors}`];
  return [
    h("h2", {}, words.findings, h("small", { class: errors ? "late" : "soon" }, counts.filter(Boolean).join(" · "))),
    h("ul", {}, findings.map((it) => h("li", {},
      h("code", { class: "bold" }, it.place), " ",
      h("span", { class: it.severity === "error" ? "late" : "soon" }, it.severity === "error" ? words.error : words.warning), " ",
      it.text, " ", h("small", { class: "pale" }, `[${it.code}]`),
      it.snippet.length ? h("pre", {}, it.snippet.map((line, i) => [i ? h("span", { class: "late" }, line) : line, "\n"])) : null,
      it.hint ? h("p", { class: "hint" }, it.hint) : null))),
  ];
}

function drawPicture([, picture]) {
  if (!picture) return null;
  if (!picture.svg) return [h("h2", {}, words.picture), h("p", { class: "pale" }, words.no_picture)];
  const parsed = new DOMParser().parseFromString(picture.svg, "image/svg+xml").documentElement;
  const frame = h("div", { class: "drawn", tabIndex: 0 }, document.importNode(parsed, true));
  const fit = (is) => {
    frame.classList.toggle("fit", is);
    button.textContent = is ? words.full : words.fit;
  };
  const button = h("button", { type: "button", class: "plain", on: { click: () => {
    fit(!frame.classList.contains("fit"));
    localStorage.setItem("fit", frame.classList.contains("fit") ? "1" : "0");
  } } });
  const chosen = localStorage.getItem("fit");
  fit(chosen === null ? matchMedia("(min-width: 1000px)").matches : chosen === "1");
  return [h("h2", {}, words.picture, button), frame];
}

/** Bring the present state into sight, each time that it is another one. */
function present(told) {
  const key = told.case && `${told.procedure} ${told.case.state}`;
  if (drawn.present === key) return;
  drawn.present = key;
  const frame = document.querySelector("#picture .drawn");
  const box = frame && key && frame.querySelector('[fill="#fde68a"]');
  if (box) frame.scrollTop += box.getBoundingClientRect().top - frame.getBoundingClientRect().top - frame.clientHeight / 3;
}

function drawStories([, stories]) {
  if (!stories) return null;
  const { passed, failed, running, results } = stories;
  const counts = [failed && `${words.failed} ${failed}`, `${words.passed} ${passed}`, running && words.running];
  const bad = results.filter((it) => !it.passed);
  const good = results.filter((it) => it.passed);
  const none = !results.length && !running;
  return [
    h("h2", {}, words.stories, none ? null : h("small", { class: failed ? "late" : running ? "pale" : "good" }, counts.filter(Boolean).join(" · "))),
    stories.failure ? h("p", { class: "box late" }, words.stories_failed, h("code", {}, stories.failure))
      : stories.unreadable ? h("p", { class: "late" }, words.no_story_file) : none ? h("p", { class: "pale" }, words.no_stories) : null,
    bad.length ? h("ul", {}, bad.map((it) => h("li", {}, h("span", { class: "late" }, "✗ "), it.name,
      h("p", {}, h("code", { class: "bold" }, it.place), " ", it.message)))) : null,
    good.length ? h("details", { id: "passed" }, h("summary", {}, words.show_passed),
      h("ul", {}, good.map((it) => h("li", {}, h("span", { class: "good" }, "✓ "), it.name)))) : null,
  ];
}

// -- a case that is played

const typed = {}; // what stands in forms that were not sent: by form, then by field
let problem = null; // of the last thing that was asked: {form, problem, hint, wrong}

async function play(what, form = "") {
  const asking = { ...asked(), lang: state.language, procedure: state.procedure, as: state.case ? state.case.as : "", ...what };
  for (const button of document.querySelectorAll("#play button")) button.disabled = true;
  let answer;
  try {
    const told = await fetch("play", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(asking) });
    answer = await told.json();
  } catch { gone(); answer = { problem: words.lost }; }
  problem = answer.problem ? { form, ...answer } : null;
  if (problem) drawn.play = ""; else { if (!form.startsWith("open.")) delete typed[form]; drawn.play = ""; state = answer; }
  show(state);
  const first = problem && document.querySelector("#play .wrong");
  if (first) first.parentElement.querySelector("input, select, textarea")?.focus();
}

/** The words of a problem where its form is, without those that stand beside a field. */
function trouble(form) {
  if (!problem || problem.form !== form) return null;
  return h("p", { class: "box late", role: "alert" }, problem.problem, problem.hint ? h("span", { class: "hint" }, "\n", problem.hint) : null);
}

function field(form, it) {
  const values = (typed[form] ||= {});
  const id = `${form}.${it.name}`;
  const keep = (value) => { values[it.name] = value; };
  const wrong = problem && problem.form === form && problem.wrong && problem.wrong[it.name];
  const about = { id, name: it.name, "aria-invalid": wrong ? "true" : null, "aria-describedby": wrong ? `${id}.wrong` : null };
  const on = { input: (event) => keep(event.target.value) };
  const held = values[it.name] ?? "";
  let input;
  if (it.many) {
    const chosen = new Set(held || []);
    input = h("div", { class: "choices", id }, it.choices.map(([value, label]) => h("label", {},
      h("input", { type: "checkbox", checked: chosen.has(value), on: { change: (event) => {
        event.target.checked ? chosen.add(value) : chosen.delete(value);
        keep(it.choices.map(([each]) => each).filter((each) => chosen.has(each)));
      } } }), " ", label)));
  } else if (it.choices.length) {
    input = h("select", { ...about, on: { change: on.input } }, h("option", { value: "" }, it.needed ? "" : words.yes_no),
      it.choices.map(([value, label]) => h("option", { value, selected: value === held }, label)));
  } else if (it.long) {
    input = h("textarea", { ...about, on });
    input.value = held;
  } else {
    const kinds = { date: "date", instant: "datetime-local", email: "email", phone: "tel" };
    const numeric = { integer: "numeric", decimal: "decimal", money: "decimal" };
    input = h("input", { ...about, type: kinds[it.type] || "text", inputmode: numeric[it.type], autocomplete: "off", on });
    input.value = held;
  }
  return h("div", { class: it.long || it.many ? "field wide" : "field" },
    h("label", it.many ? {} : { for: id }, it.label, it.needed ? h("span", { class: "late" }, " *") : null),
    input, it.hint ? h("small", {}, it.hint) : null, wrong ? h("p", { class: "wrong", id: `${id}.wrong` }, wrong) : null);
}

/** A form: what is needed first, what may be given besides behind it. */
function form(id, inputs, send, label, before) {
  const needed = inputs.filter((it) => it.needed);
  const rest = inputs.filter((it) => !it.needed);
  const open = rest.some((it) => problem && problem.form === id && problem.wrong && problem.wrong[it.name]);
  return h("form", { novalidate: true, on: { submit: (event) => { event.preventDefault(); send({ values: typed[id] || {} }); } } },
    trouble(id), before || null,
    needed.length ? h("div", { class: "fields" }, needed.map((it) => field(id, it))) : null,
    rest.length ? h("details", { id: `${id}.more`, open: open || (!needed.length && rest.length < 4) },
      h("summary", {}, words.more_fields, ` (${rest.length})`), h("div", { class: "fields" }, rest.map((it) => field(id, it)))) : null,
    h("p", { class: "row" }, h("button", { class: "main", id: `${id}.send` }, label)));
}

const cell = ([text, style]) => (style ? h("span", { class: style }, text) : text);
const blocks = (of) => h("div", { class: "tables" }, of.map((it) => it.table
  ? h("table", {}, h("tbody", {}, it.table.map((row) => h("tr", {}, row.map((each) => h("td", {}, cell(each)))))))
  : h("p", { class: "hint" }, it.line.map(cell))));

function drawPlay([procedure, played, opening, stop]) {
  if (!procedure) return null;
  if (played) return drawCase(procedure, played);
  if (!opening) return null;
  return [
    h("h2", {}, words.play, h("small", {}, words.play_hint)),
    stop ? drawStop(stop) : null,
    drawOpening(procedure, opening),
  ];
}

function drawOpening(procedure, opening) {
  const id = `open.${procedure}`;
  const values = (typed[`${id}.head`] ||= { at: opening.at, by: (opening.people[0] || [""])[0], mode: "", customer: "" });
  const keep = (name) => ({ change: (event) => { values[name] = event.target.value; } });
  const wide = (name, label, input) => h("div", { class: "field" }, h("label", { for: `${id}.head.${name}` }, label), input);
  const at = h("input", { id: `${id}.head.at`, type: "datetime-local", on: keep("at") });
  at.value = values.at;
  const customer = h("input", { id: `${id}.head.customer`, autocomplete: "off", on: keep("customer") });
  customer.value = values.customer;
  const head = h("div", { class: "fields" },
    wide("by", words.opened_by, h("select", { id: `${id}.head.by`, on: keep("by") }, opening.people.map(([who, name, may]) =>
      h("option", { value: who, selected: who === values.by }, name, may ? "" : ` · ${words.may_not}`)))),
    wide("at", words.opened_at, at),
    opening.modes.length ? wide("mode", words.mode, h("select", { id: `${id}.head.mode`, on: keep("mode") },
      h("option", { value: "" }, words.no_mode), opening.modes.map(([name, label]) => h("option", { value: name, selected: name === values.mode }, label)))) : null,
    wide("customer", `${words.customer_id} · ${words.optional}`, customer));
  return form(id, opening.inputs, (more) => play({ do: "open", ...values, ...more }, id), words.open, head);
}

function drawStop(stop) {
  return h("div", { class: "box", role: "status" },
    h("strong", {}, `${words.stopped}: ${stop.what}`), stop.step ? [" ", h("code", {}, stop.step)] : null,
    h("br"), stop.why, stop.hint ? h("span", { class: "hint" }, "\n", stop.hint) : null,
    h("p", { class: "row" }, `${words.stopped_left}: ${stop.left}`,
      stop.step ? h("button", { type: "button", id: "go-on", on: { click: () => play({ do: "back" }) } }, words.go_on_here) : null));
}

function drawCase(procedure, it) {
  return [
    h("h2", {}, words.play, h("small", {}, it.number), it.mode ? h("small", { class: "soon" }, it.mode) : null),
    h("p", { class: "row" },
      h("strong", { id: "case-state", class: it.closed ? "good" : "" }, it.state),
      it.assignee ? h("span", { class: "pale" }, `${words.assignee} ${it.assignee}`) : null,
      h("button", { type: "button", id: "back", disabled: !it.steps, on: { click: () => play({ do: "back" }) } }, words.back),
      h("button", { type: "button", id: "anew", on: { click: () => play({ do: "anew" }) } }, words.anew)),
    it.stop ? drawStop(it.stop) : null,
    drawTime(it),
    it.clocks.length ? [h("h3", {}, words.clocks), it.clocks.map((clock) => h("details", { class: "clock", id: `clock.${clock.id}` },
      h("summary", {}, clock.cells.filter(([text]) => text).flatMap((each, i) => (i ? [" · ", h("span", { class: `piece ${each[1]}` }, each[0])] : [h("strong", {}, each[0])]))), blocks(clock.why)))] : null,
    it.climbs.length ? [h("h3", {}, words.escalation), blocks(it.climbs)] : null,
    drawWhat(procedure, it),
    drawMessages(it.messages),
    h("h3", {}, words.history),
    h("div", { id: "history" }, it.history.map((event) => h("div", { class: "event" }, h("time", {}, event.at),
      h("div", {}, h("p", {}, cell(event.text), " ", h("small", { class: "pale" }, event.who)),
        event.details.map((each) => h("p", { class: "more" }, cell(each))))))),
    it.fields.length ? h("details", { id: "case-fields" }, h("summary", {}, words.fields),
      h("div", { class: "tables" }, h("table", {}, h("tbody", {}, it.fields.map(([label, value]) =>
        h("tr", {}, h("td", { class: "pale" }, label), h("td", {}, value))))))) : null,
    drawStory(it.story),
  ];
}

function drawTime(it) {
  const button = (id, label, what) => h("button", { type: "button", id, on: { click: () => play(what, "time") } }, label);
  const amount = h("input", { id: "amount", "aria-label": words.wait, placeholder: words.wait_hint, autocomplete: "off",
    on: { input: (event) => { (typed.time ||= {}).amount = event.target.value; } } });
  amount.value = (typed.time || {}).amount || "";
  return h("form", { class: "time", on: { submit: (event) => { event.preventDefault(); play({ do: "wait", name: amount.value }, "time"); } } },
    h("p", { class: "row" }, words.now, h("strong", { id: "now" }, it.now)),
    h("div", { class: "row" },
      it.next ? button("next", `${words.next_due} (${it.next})`, { do: "next" }) : null,
      button("minutes", words.minutes, { do: "wait", name: "15m" }), button("hour", words.hour, { do: "wait", name: "1h" }),
      button("tomorrow", `${words.tomorrow} (${it.tomorrow})`, { do: "tomorrow" })),
    h("div", { class: "row" }, amount, h("button", { id: "wait" }, words.wait)), trouble("time"));
}

function drawWhat(procedure, it) {
  const people = h("select", { id: "as", on: { change: (event) => ask({ as: event.target.value }) } }, it.people.map((who) =>
    h("option", { value: who.id, selected: who.id === it.as }, `${who.name}${who.can === null ? ` · ${words.unseen}` : who.can ? ` · ${words.can_do} ${who.can}` : ""}`)));
  const act = (each) => {
    const id = `${each.kind}.${procedure}.${each.name}`;
    const send = (more) => play({ do: each.kind, name: each.name, ...more }, id);
    return h("details", { class: "act", id: `act.${each.kind}.${each.name}`, open: !!problem && problem.form === id },
      h("summary", {}, each.label, each.to ? h("span", { class: "pale" }, ` → ${each.to}`) : null),
      form(id, each.inputs, send, each.label));
  };
  return [
    h("h3", {}, h("label", { for: "as" }, words.as_whom), people),
    it.refused ? h("p", { class: "pale" }, it.refused) : null,
    h("div", { class: "acts" }, it.actions.map(act)), !it.actions.length && !it.refused ? h("p", { class: "pale" }, words.nothing) : null,
    it.unable.length ? h("details", { id: "unable" }, h("summary", {}, words.unable, ` (${it.unable.length})`),
      h("ul", {}, it.unable.map((each) => h("li", {}, each.label, ": ", h("span", { class: "pale" }, each.why.join("; ")))))) : null,
    it.more.length ? h("details", { id: "more" }, h("summary", {}, words.more), h("div", { class: "acts" }, it.more.map(act))) : null,
  ];
}

const shownText = {}; // by message: which of its texts is looked at
function drawMessages(messages) {
  if (!messages.length) return [h("h3", {}, words.messages), h("p", { class: "pale" }, words.no_messages)];
  return [h("h3", {}, words.messages, h("small", {}, String(messages.length))), h("div", { id: "messages" }, messages.map((it) => {
    const key = (text) => `${text.language}.${text.channel}`;
    const likely = it.sent.length ? it.texts.find((text) => text.language === it.sent[0].language && text.channel === it.sent[0].channel)
      || it.texts.find((text) => text.language === it.sent[0].language) : null;
    const place = h("div", {});
    const look = (chosen) => {
      shownText[it.id] = key(chosen);
      for (const button of tabs) button.ariaPressed = String(button.value === key(chosen));
      place.replaceChildren(chosen.problem ? h("p", { class: "late" }, chosen.problem)
        : h("div", { lang: chosen.language }, h("p", { class: "bold" }, chosen.subject), h("pre", {}, chosen.body)));
    };
    const tabs = it.texts.map((text) => h("button", { type: "button", value: key(text), on: { click: () => look(text) } },
      `${text.spoken} · ${text.channel}`));
    const first = it.texts.find((text) => key(text) === shownText[it.id]) || likely || it.texts[0];
    if (first) look(first);
    const problems = it.sent.filter((row) => row.problem);
    return h("details", { class: "message", id: `message.${it.id}` },
      h("summary", {}, it.at, " ", words.to, " ", h("strong", {}, it.to), " ", (it.sent.find((row) => row.subject) || {}).subject || it.template,
        problems.length ? h("span", { class: "late" }, " ✗") : null),
      h("p", { class: "hint" }, `${it.template} · ${words.sent_by} ${it.sent.map((row) => [row.channel, row.language, row.waits].filter(Boolean).join(" · ")).join("; ")}`),
      problems.map((row) => h("p", { class: "late" }, row.problem)),
      tabs.length ? h("p", { class: "row tabs" }, tabs) : null, place);
  }))];
}

function drawStory(text) {
  const area = h("textarea", { class: "code", id: "story", readOnly: true, rows: "8", "aria-label": words.as_story, spellcheck: "false" });
  area.value = text;
  const copy = h("button", { type: "button", on: { click: async () => {
    area.select();
    try { await navigator.clipboard.writeText(text); } catch { document.execCommand("copy"); }
    copy.textContent = words.copied;
  } } }, words.copy);
  return h("details", { id: "as-story" }, h("summary", {}, words.as_story), h("p", { class: "hint" }, words.story_hint), h("div", { class: "field" }, area), copy);
}

at("language").addEventListener("click", () => {
  const other = state && state.language === "zh" ? "en" : "zh";
  localStorage.setItem("language", other);
  ask({ lang: other });
});
at("procedure").addEventListener("change", (event) => ask({ procedure: event.target.value, as: "" }));
window.addEventListener("hashchange", refresh);
refresh().then(follow);
