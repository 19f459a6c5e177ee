// Comfort only: every page works without it.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

// A list of boxes that can be searched.
for (const input of document.querySelectorAll("input[data-filter]")) {
  const field = input.closest(".field");
  if (field) field.hidden = false;
  const target = document.getElementById(input.dataset.filter);
  const choices = target ? [...target.querySelectorAll(".choice")] : [];
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const choice of choices) {
      const isChosen = choice.querySelector("input")?.checked ?? false;
      choice.hidden = !isChosen && !choice.textContent.toLowerCase().includes(wanted);
    }
  });
}

// A page that is there to be sent on.
document.querySelector("form[data-submit]")?.requestSubmit();
