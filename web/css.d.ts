/** Style sheets are bundled as minified text (`build.ts`). */
declare module "*.css" {
  export const css: string;
}
