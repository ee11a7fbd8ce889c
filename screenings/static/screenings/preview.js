// Shows the poster bare, with one button, until somebody wants to see the film.
// Without this script the browser's own controls lie over the poster.
document.querySelectorAll(".film__screen").forEach((screen) => {
  const video = screen.querySelector("video");
  const button = screen.querySelector(".film__play");
  if (!video || !button) return;
  video.controls = false;
  button.hidden = false;
  button.addEventListener("click", () => {
    document.querySelectorAll("video").forEach((other) => other.pause());
    button.hidden = true;
    video.controls = true;
    video.focus();
    video.play();
  });
});
