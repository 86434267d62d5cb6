// The owner at the page, without JavaScript: each verb opens the page a person would open, finds the form there and
// submits it. Field names are found by meaning, so that a renamed field is not a failed test; a missing one is.
import { check, until } from "./report.mjs";
import { Visitor } from "./page.mjs";

const named = (form, pattern, what) => {
  const found = [...form.names].find((name) => pattern.test(name));
  if (!found) throw new Error(`the form at ${form.action} has no field for ${what}, only ${[...form.names].join(", ")}`);
  return found;
};

export class Owner extends Visitor {
  /** Opens the one-time link and expects to stand on the home page. */
  async login(link) {
    const page = (await this.open(link)).good();
    check(this.cookies.size > 0, "the login link set no cookie");
    page.form(/\/compose$/);
    return page;
  }

  /** Writes a post; `pictures` are `{ bytes, alt }`. The page that follows. */
  async compose(text, { cw, audience, pictures = [], on = "/" } = {}) {
    const form = (await this.open(on)).good().form(/\/compose$/);
    const set = { [named(form, /^(text|content|body|post)$/, "the text")]: text };
    if (cw) set[named(form, /cw|warning|summary|spoiler/, "the content warning")] = cw;
    if (audience) set[named(form, /audience/, "the audience")] = audience;
    if (pictures.length > 0) {
      set[named(form, /media|image|picture|file/, "a picture")] = pictures.map(({ bytes }, n) => new File([bytes], `picture${n}.png`, { type: "image/png" }));
      set[named(form, /alt|description/, "the picture's description")] = pictures.map(({ alt }) => alt);
    }
    return (await this.submit(form, set)).good();
  }

  /** Where the post holding `words` is: its page, article, and id; looked for at home, then at `on`. */
  async post(words, on = "/") {
    const page = (await this.open(on)).good();
    const article = page.article(words);
    check(article, `no article at ${page.url} says “${words}”`);
    const id = article.outerHTML.match(/\/post\/(\d+)/)?.[1];
    check(id, "the article does not lead to /post/ID", article.outerHTML.slice(0, 500));
    return { page, article, id };
  }

  /** Waits until the page at `on` has an article that says `words`. */
  sees(words, on = "/", seconds) {
    return until(`“${words}” at ${on}`, async () => (await this.open(on)).good().article(words), seconds);
  }

  /** Waits until no article of the page at `on` says `words`; a 404 or 410 page says nothing. */
  misses(words, on = "/", seconds) {
    return until(`“${words}” to be gone from ${on}`, async () => !(await this.open(on)).article(words), seconds);
  }

  /** Presses the button for `verb` (like, boost, delete, …) at the post holding `words`. */
  async press(words, verb, on = "/") {
    const action = new RegExp(`/post/\\d+/(un)?${verb}$`);
    let { page, article, id } = await this.post(words, on);
    if (page.forms(action, article).length === 0) {
      page = (await this.open(`/post/${id}`)).good();
      article = page.article(words) ?? page.root;
    }
    const own = new RegExp(`/post/${id}/(un)?${verb}$`);
    const answered = (await this.submit(page.form(own, article))).good();
    const again = answered.forms(own).find((form) => verb === "delete" && form.names.size > 0 && new URL(answered.url).pathname.endsWith("/delete"));
    return again ? (await this.submit(again)).good() : answered;
  }

  async reply(words, text) {
    const { id } = await this.post(words);
    const page = (await this.open(`/post/${id}`)).good();
    const here = page.forms(/\/compose$/).find((form) => [...form.names].some((name) => /reply/.test(name)));
    if (here) return this.compose(text, { on: `/post/${id}` });
    const link = page.link((a) => /reply/.test(a.getAttribute("href")));
    check(link, "no way to reply on the post's page");
    return this.compose(text, { on: link });
  }

  async edit(words, text) {
    const { id } = await this.post(words);
    const page = (await this.open(`/post/${id}/edit`)).good();
    const form = page.form(/\/edit$/);
    return (await this.submit(form, { [named(form, /^(text|content|body|post)$/, "the text")]: text })).good();
  }

  /** Looks a handle or address up; the page that shows what was found. */
  async find(what) {
    const form = (await this.open("/find")).good().forms(/\/find$/).find((one) => one.method === "GET");
    check(form, "no search form at /find");
    return (await this.submit(form, { [named(form, /^q$/, "what to find")]: what })).good();
  }

  /** Follows or unfollows the person found by handle; gives the path of the person's page. */
  async follow(handle) {
    const page = await this.find(handle);
    const form = page.form(/\/people\/\d+\/(un)?follow$/);
    (await this.submit(form)).good();
    return form.paths.find((path) => /\/people\//.test(path)).match(/\/people\/\d+/)[0];
  }
}
