// The queue polls. When the session ends, the answer is the sign-in page: go there.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const answered = new URL(event.detail.xhr.responseURL, location.href);
  if (answered.pathname !== location.pathname) {
    event.detail.shouldSwap = false;
    location.reload();
  }
});
