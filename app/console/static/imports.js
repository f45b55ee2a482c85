// A list may be dropped anywhere on the form; without scripts the field takes it.
const form = document.querySelector(".drop");
const field = form?.querySelector('input[type="file"]');

for (const kind of ["dragenter", "dragover"]) {
  form?.addEventListener(kind, (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
}
form?.addEventListener("dragleave", (event) => {
  if (!form.contains(event.relatedTarget)) form.classList.remove("over");
});
form?.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length === 1) {
    field.files = event.dataTransfer.files;
    form.requestSubmit();
  }
});
