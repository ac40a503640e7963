// Runs before the first paint, so that the page never flashes in the wrong colours.
(() => {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => { try { return localStorage.getItem('cinegrain.theme'); } catch { return null; } };
  const apply = () => { document.documentElement.dataset.theme = chosen() ?? (media.matches ? 'dark' : 'light'); };
  apply();
  media.addEventListener('change', apply);
  // Navigation within the app may rewrite the attributes of the root element.
  new MutationObserver(() => { if (!document.documentElement.dataset.theme) apply(); })
    .observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  document.addEventListener('click', event => {
    if (!event.target.closest?.('[data-theme-toggle]')) return;
    const next = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    try { localStorage.setItem('cinegrain.theme', next); } catch { /* private mode: the choice lasts for this page */ }
    document.documentElement.dataset.theme = next;
  });
})();
