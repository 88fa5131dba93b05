// Carries the page that was asked for through the form, and says when the key was wrong.
const asked = new URLSearchParams(location.search);
document.querySelector("#next").value = asked.get("next") ?? "/";
if (asked.has("wrong")) document.querySelector("#wrong").textContent = "That is not the key.";
