// Comfort only: every page reads and every form works without this file.
"use strict";

// A dialog that the server opened becomes modal: the focus stays inside, Escape leads back.
for (const dialog of document.querySelectorAll("dialog[open]")) {
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", () => location.assign(dialog.dataset.close));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) location.assign(dialog.dataset.close);
  });
}

// A refresh never takes away what a person has chosen, and a hidden page asks for nothing.
document.addEventListener("htmx:before:request", (event) => {
  const part = event.target;
  if (!part.matches("#live, #entries")) return;
  if (document.hidden || part.querySelector("input:checked")) event.preventDefault();
});

// An ended session leads to the sign-in, like on any other click; an error leaves the page as it is.
document.addEventListener("htmx:before:response", (event) => {
  const answer = event.detail.ctx.response;
  if (answer.raw.redirected) location.reload();
  if (answer.raw.redirected || answer.status >= 400) event.preventDefault();
  offline(answer.status >= 500);
});
document.addEventListener("htmx:error", () => offline(true));

function offline(yes) {
  document.body.classList.toggle("offline", yes);
}

// What can't be taken back is asked for once more.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// Typing a value of one's own chooses it.
for (const input of document.querySelectorAll("[data-chooses]")) {
  input.addEventListener("input", () => {
    input.closest("label").querySelector("[type=radio]").checked = true;
  });
}

// Who wins is a question only where a field travels both ways.
for (const direction of document.querySelectorAll("select[name^='direction.']")) {
  const winner = direction.closest("tr").querySelector("select[name^='winner.']");
  const show = () => winner.classList.toggle("unused", direction.value !== "both");
  direction.addEventListener("change", show);
  show();
}
