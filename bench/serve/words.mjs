// Why: prompts of a wanted number of tokens for servers whose tokenizer is not known: made of common
// words, after asking the server how many tokens some of them are.
import { makeRandom } from "../statistics.mjs";

const words = ("time year people way day man thing woman life child world school state family student group country problem " +
  "hand part place case week company system program question work number night point home water room mother area money " +
  "story fact month lot right study book eye job word business issue side kind head house service friend father power " +
  "hour game line end member law car city name team minute idea body back parent face level office door health person " +
  "art war history party result change morning reason research girl guy moment air teacher force").split(" ");

export class Words {
  // tokens of a prompt = fixed + each * words.
  constructor(seed = 1, fixed = 0, each = 1.3) {
    this.random = makeRandom(seed);
    this.fixed = fixed;
    this.each = each;
    this.measured = false;
  }

  text(count) {
    return Array.from({ length: count }, () => words[Math.floor(this.random() * words.length)]).join(" ");
  }

  // About so many tokens, the template's among them.
  prompt(tokens) {
    return this.text(Math.max(1, Math.round((tokens - this.fixed) / this.each)));
  }

  // Two prompts tell the fixed part and the slope. Servers that do not report usage leave the guess.
  async calibrate(server) {
    const counts = [];
    for (const n of [20, 220]) counts.push((await server.stream(this.text(n), 1)).prompt_tokens);
    const [few, many] = counts;
    if (few === null || many === null || many <= few) return this;
    this.each = (many - few) / 200;
    this.fixed = few - 20 * this.each;
    this.measured = true;
    return this;
  }
}
