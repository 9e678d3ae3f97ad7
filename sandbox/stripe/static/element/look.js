// The appearance the host page asks for, as custom properties; what is not a colour or a length is ignored.
const COLOURS = { colorPrimary: "primary", colorBackground: "background", colorText: "text", colorDanger: "danger" };
const QUIET = { colorTextSecondary: "quiet", colorTextPlaceholder: "placeholder" };
const LENGTHS = { borderRadius: ["radius", "border-radius"], spacingUnit: ["unit", "width"], fontSizeBase: ["size", "font-size"] };

export function dress(appearance = {}) {
  const root = document.documentElement;
  root.classList.toggle("night", appearance.theme === "night");
  root.removeAttribute("style");
  const variables = appearance.variables || {};
  for (const [from, to] of Object.entries({ ...COLOURS, ...QUIET })) {
    if (variables[from] && CSS.supports("color", variables[from])) root.style.setProperty(`--${to}`, variables[from]);
  }
  for (const [from, [to, property]] of Object.entries(LENGTHS)) {
    if (variables[from] && CSS.supports(property, variables[from])) root.style.setProperty(`--${to}`, variables[from]);
  }
  const font = variables.fontFamily;
  if (font && CSS.supports("font-family", font)) root.style.setProperty("--font", font);
}
