import DefaultTheme from "vitepress/theme";
import { h } from "vue";
import Demo from "./Demo.vue";

/** VitePress' own theme; the first page has the demo above its cards. */
export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "home-hero-after": () => h(Demo) }),
};
