// What the server cannot do for the page: browser storage, instant feedback of the stars, and movement of list items.

const store = kind => { try { return kind === 'session' ? sessionStorage : localStorage; } catch { return null; } };

export const read = (kind, name) => store(kind)?.getItem(`cinegrain.${name}`) ?? null;
export const write = (kind, name, value) => {
  try { store(kind)?.setItem(`cinegrain.${name}`, value); } catch { /* storage full or forbidden: the value lasts for this page */ }
};
export const forget = (kind, name) => store(kind)?.removeItem(`cinegrain.${name}`);

/* Stars: a range input under a picture. The picture follows at once; the server hears of it when the choice is final: when the
   pointer lets go, on Enter, on leaving, or a moment after the last key. */
const settle = 900;
const timers = new WeakMap();
const isStars = target => target instanceof HTMLInputElement && target.matches('.stars input');

const show = input => {
  const value = Number(input.value);
  input.parentElement.style.setProperty('--value', value);
  input.setAttribute('aria-valuetext', value === 0 ? 'not rated' : `${value} of 5 stars`);
};

const commit = input => {
  clearTimeout(timers.get(input));
  timers.delete(input);
  const event = new Event('change', { bubbles: true });
  event.final = true;
  input.dispatchEvent(event);
};

window.addEventListener('input', event => { if (isStars(event.target)) show(event.target); }, true);

window.addEventListener('pointerdown', event => { if (isStars(event.target)) event.target.dataset.by = 'pointer'; }, true);

window.addEventListener('keydown', event => {
  if (!isStars(event.target)) return;
  event.target.dataset.by = 'keyboard';
  if (event.key === 'Enter') { event.preventDefault(); commit(event.target); }
}, true);

window.addEventListener('change', event => {
  const input = event.target;
  if (!isStars(input) || event.final || input.dataset.by === 'pointer') return;
  event.stopPropagation();
  clearTimeout(timers.get(input));
  timers.set(input, setTimeout(() => commit(input), settle));
}, true);

window.addEventListener('focusout', event => {
  if (isStars(event.target) && timers.has(event.target)) commit(event.target);
}, true);

/* Items glide from where they were to where they are. Focus stays at the same place of the list when its item leaves. */
class FlipList extends HTMLElement {
  connectedCallback() {
    this.tops = new Map();
    this.focusIndex = -1;
    this.observer = new MutationObserver(() => this.moved());
    this.observer.observe(this, { childList: true, subtree: true });
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this);
    this.addEventListener('focusin', event => {
      this.focusIndex = this.items().findIndex(item => item.contains(event.target));
      this.focusItem = this.items()[this.focusIndex];
    });
    this.addEventListener('focusout', event => {
      // An item that is taken away loses the focus to nothing; leaving by choice names the next element.
      if (event.relatedTarget) this.focusItem = null;
    });
    this.seen = new IntersectionObserver(entries =>
      document.documentElement.classList.toggle('list-in-view', entries.some(entry => entry.isIntersecting)), { rootMargin: '-20% 0px' });
    this.seen.observe(this);
    this.measure();
  }

  disconnectedCallback() {
    this.seen?.disconnect();
    this.observer?.disconnect();
    this.sizes?.disconnect();
  }

  items() { return [...this.querySelectorAll('[data-flip]')]; }

  measure() { this.tops = new Map(this.items().map(item => [item.dataset.flip, item.offsetTop])); }

  moved() {
    const before = this.tops;
    this.measure();
    const items = this.items();
    if (this.focusItem && !this.focusItem.isConnected && document.activeElement === document.body) {
      const next = items[Math.min(this.focusIndex, items.length - 1)];
      next?.querySelector('input, button')?.focus({ preventScroll: true });
    }
    if (before.size === 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    for (const item of items) {
      const key = item.dataset.flip;
      if (before.has(key)) {
        const dy = before.get(key) - this.tops.get(key);
        if (dy !== 0) item.animate([{ transform: `translateY(${dy}px)` }, { transform: 'none' }], { duration: 480, easing: 'cubic-bezier(.2,.8,.2,1)' });
      } else {
        item.animate([{ opacity: 0, transform: 'translateX(18px)' }, { opacity: 1, transform: 'none' }], { duration: 520, easing: 'cubic-bezier(.2,.8,.2,1)' });
      }
    }
  }
}

if (!customElements.get('flip-list')) customElements.define('flip-list', FlipList);

// Jumps within the page. The router would take them for navigation: a fragment is relative to the base address, not to the page.
window.addEventListener('click', event => {
  const target = document.getElementById(event.target.closest?.('a[data-jump]')?.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  event.stopPropagation();
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}, true);

document.addEventListener('click', event => {
  if (event.target.closest?.('[data-reload]')) location.reload();
});
