"use strict";

const REFRESH_MS = 4000;
const REMEMBERED = 20;
const HOUR = 3600;
const HOURS_SHOWN = 24;
const CHART = { width: 480, height: 72, gap: 4, floor: 3 };
const MEMORY = "links";

const find = (selector, within = document) => within.querySelector(selector);
const cards = new Map();

/* Links are remembered in this browser; what is stored may be of another version or damaged. */

function recall() {
  try {
    const links = JSON.parse(localStorage.getItem(MEMORY)) ?? [];
    return links.filter((link) => /^[0-9A-Za-z]{7}$/.test(link?.id) && typeof link.original === "string");
  } catch {
    return [];
  }
}

function remember(links) {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(links.slice(0, REMEMBERED)));
  } catch {
    say("This browser does not keep the list of your links.");
  }
}

/* The API. Every failure becomes an Error with a message for the reader. */

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The service cannot be reached.");
  }
  if (response.ok) {
    return response.status === 204 ? null : response.json();
  }
  const answer = await response.json().catch(() => null);
  const error = new Error(answer?.error?.message ?? `The service answered ${response.status}.`);
  error.status = response.status;
  throw error;
}

function shorten(url, ttl) {
  const body = JSON.stringify(ttl ? { url, ttl_seconds: Number(ttl) } : { url });
  return ask("/api/shorten", { method: "POST", headers: { "content-type": "application/json" }, body });
}

/* Showing. Text goes in as text, addresses only when they are web addresses. */

function say(text) {
  find("#news").textContent = text;
}

function time(seconds) {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

function isExpired(link) {
  return link.expires_at !== null && link.expires_at !== undefined && link.expires_at * 1000 <= Date.now();
}

function card(link) {
  const item = find("#link").content.cloneNode(true).firstElementChild;
  const short = new URL(`/${link.id}`, location.href).href;
  find(".short", item).textContent = short.replace(/^https?:\/\//, "");
  find(".short", item).href = short;
  find(".original", item).textContent = link.original;
  find(".original", item).title = link.original;
  if (/^https?:\/\//i.test(link.original)) {
    find(".original", item).href = link.original;
  }
  find(".made", item).textContent = time(link.created_at);
  find(".copy", item).addEventListener("click", (event) => copy(short, event.currentTarget));
  find(".delete", item).addEventListener("click", () => remove(link));
  find(".copy", item).setAttribute("aria-label", `Copy ${short}`);
  find(".delete", item).setAttribute("aria-label", `Delete ${short}`);
  showLife(link, item);
  draw([], item);
  return item;
}

function showLife(link, item) {
  const ends = link.expires_at ? time(link.expires_at) : "never";
  find(".expires", item).textContent = isExpired(link) ? "has expired" : ends;
  item.classList.toggle("gone", isExpired(link));
}

function show() {
  const links = recall();
  for (const [id, item] of cards) {
    if (!links.some((link) => link.id === id)) {
      item.remove();
      cards.delete(id);
    }
  }
  for (const link of links.toReversed()) {
    if (!cards.has(link.id)) {
      cards.set(link.id, card(link));
      find("#links").prepend(cards.get(link.id));
    }
  }
  find("#none").hidden = links.length > 0;
}

/* The chart: one bar for each of the last hours. */

function draw(clicksByHour, item) {
  const clicks = new Map(clicksByHour);
  const present = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const hours = Array.from({ length: HOURS_SHOWN }, (_, index) => present - (HOURS_SHOWN - 1 - index) * HOUR);
  const counts = hours.map((hour) => clicks.get(hour) ?? 0);
  const chart = find(".chart", item);
  chart.replaceChildren(...hours.map((hour, index) => bar(hour, counts[index], index, Math.max(...counts))));
  const sum = counts.reduce((total, count) => total + count, 0);
  const caption = `Clicks by hour: ${sum} in the last ${HOURS_SHOWN} hours`;
  chart.setAttribute("aria-label", caption);
  find(".caption", item).textContent = caption;
  find(".from", item).textContent = new Date(hours[0] * 1000).toLocaleTimeString(undefined, { timeStyle: "short" });
}

function bar(hour, count, index, most) {
  const step = CHART.width / HOURS_SHOWN;
  const height = count ? Math.max((count / most) * CHART.height, 2 * CHART.floor) : CHART.floor;
  const rectangle = svg("rect", {
    x: index * step + CHART.gap / 2,
    y: CHART.height - height,
    width: step - CHART.gap,
    height,
    rx: 1.5,
    class: count ? "clicked" : "",
    "data-clicks": count,
  });
  const title = svg("title", {});
  title.textContent = `${time(hour)}: ${count} ${count === 1 ? "click" : "clicks"}`;
  rectangle.append(title);
  return rectangle;
}

function svg(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) {
    element.setAttribute(attribute, value);
  }
  return element;
}

/* Refreshing. */

async function refresh(link) {
  const item = cards.get(link.id);
  if (!item) {
    return;
  }
  showLife(link, item);
  try {
    const stats = await ask(`/api/stats/${link.id}`);
    find(".total", item).textContent = stats.total_clicks;
    find(".unique", item).textContent = stats.unique_clicks;
    draw(stats.clicks_by_hour, item);
  } catch (error) {
    if (error.status === 404) {
      item.classList.add("gone");
      find(".expires", item).textContent = "was deleted";
    }
  }
}

async function refreshAll() {
  if (!document.hidden) {
    for (const link of recall()) {
      await refresh(link);
    }
  }
  setTimeout(refreshAll, REFRESH_MS);
}

/* Acting. */

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = find("button", form);
  const url = form.elements.url.value.trim();
  complain("");
  button.disabled = true;
  try {
    const link = await shorten(url, form.elements.ttl.value);
    remember([link, ...recall()]);
    form.elements.url.value = "";
    show();
    say(`Made ${link.short_url}`);
    refresh(link);
  } catch (error) {
    complain(error.message);
    form.elements.url.focus();
  } finally {
    button.disabled = false;
  }
}

function complain(message) {
  const sentence = message && message[0].toUpperCase() + message.slice(1);
  find("#problem").textContent = sentence && !/[.!?]$/.test(sentence) ? `${sentence}.` : sentence;
  find("#url").setAttribute("aria-invalid", String(Boolean(message)));
}

async function copy(text, button) {
  const isCopied = await writeClipboard(text);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  say(isCopied ? `Copied ${text}` : "The link could not be copied.");
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

/* Browsers offer the clipboard on secure pages alone; elsewhere the old way still works. */
async function writeClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    return isCopied;
  }
}

async function remove(link) {
  try {
    await ask(`/api/urls/${link.id}`, { method: "DELETE" });
  } catch (error) {
    if (error.status !== 404) {
      complain(error.message);
      return;
    }
  }
  remember(recall().filter((other) => other.id !== link.id));
  show();
  say("Deleted the link.");
}

find("#shorten").addEventListener("submit", submit);
addEventListener("storage", show);
show();
refreshAll();
