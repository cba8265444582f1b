// Airflow keeps the reader's choice of light or dark here; we lie in a frame of the same origin.
const followTheme = () => {
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* storage may be forbidden */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
};
followTheme();
addEventListener("storage", followTheme);
