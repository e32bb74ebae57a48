// A canvas that fills its box at the screen's resolution.

/** Device pixels for each CSS pixel, at most: sharper than this nobody sees, and it costs. */
const MOST_DETAIL = 2;

export class Surface {
  /**
   * @param {string} label what the picture shows, for those who do not see it
   * @param {() => void} onResize is called whenever what was drawn is lost
   */
  constructor(label, onResize) {
    this.canvas = document.createElement('canvas');
    this.canvas.setAttribute('role', 'img');
    this.canvas.setAttribute('aria-label', label);
    this.context = this.canvas.getContext('2d');
    /** Size in CSS pixels, which the context's coordinates are in. */
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
    this.visible = true;
    this.element = document.createElement('div');
    this.element.className = 'surface';
    this.element.append(this.canvas);
    this.sizes = new ResizeObserver(() => this.#fit(onResize));
    this.sizes.observe(this.element);
    this.sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
    });
    this.sight.observe(this.element);
  }

  /** Makes the canvas empty and its coordinates CSS pixels. @returns {CanvasRenderingContext2D} */
  clear() {
    const { context } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    return context;
  }

  /** Ends the observation of its box. */
  close() {
    this.sizes.disconnect();
    this.sight.disconnect();
  }

  #fit(onResize) {
    const { clientWidth, clientHeight } = this.element;
    const ratio = Math.min(MOST_DETAIL, window.devicePixelRatio || 1);
    if (clientWidth === this.width && clientHeight === this.height && ratio === this.ratio) return;
    this.width = clientWidth;
    this.height = clientHeight;
    this.ratio = ratio;
    this.canvas.width = Math.max(1, Math.round(clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * ratio));
    onResize();
  }
}

/** The page's font for canvases. @param {number} size in CSS pixels */
export function font(size, weight = 400) {
  return `${weight} ${size}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`;
}
