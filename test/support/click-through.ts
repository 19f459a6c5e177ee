/**
 * What a person does with the development forms of the real provider: signs in, consents. Gives the URL that the provider
 * sends the browser back to, which is not requested.
 *
 * @param cookies the browser's at the provider; they are kept by the caller
 * @param forms gets the name of each form
 */
export async function clickThrough(
  begin: string,
  login: string,
  cookies = new Map<string, string>(),
  forms: string[] = [],
): Promise<URL> {
  const { origin } = new URL(begin);
  let url = new URL(begin);
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 12; step += 1) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const init = { headers: { cookie }, redirect: "manual" as const };
    const response = await fetch(url, form ? { ...init, method: "POST", body: form } : init);
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get("location");
    form = undefined;
    if (location) {
      url = new URL(location, url);
      const isBack = url.origin !== origin || url.searchParams.has("code") || url.searchParams.has("error");
      if (isBack) return url;
    } else {
      const page = await response.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      const action = /action="([^"]+)"/.exec(page)?.[1];
      if (!prompt || !action) throw new Error(`expected a form of the provider: ${page.slice(0, 500)}`);
      forms.push(prompt);
      url = new URL(action, url);
      form = new URLSearchParams({ prompt, login, password: "any" });
    }
  }
  throw new Error("expected the sign-in to end");
}
