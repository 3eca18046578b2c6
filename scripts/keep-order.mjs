// asc transform: Binaryen keeps the order of the source. Its simplify-locals passes would move every product to the sum that takes
// it and chain the steps of an unrolled loop, which costs a tile a third of its speed (registers spill, one unit waits for another).
import { Transform } from "assemblyscript/transform";

const PASSES = ["", "-nostructure", "-notee", "-notee-nostructure"].map(
  (suffix) => `simplify-locals${suffix}`,
);

export default class KeepOrder extends Transform {
  afterCompile() {
    for (const pass of PASSES) if (!this.binaryen.hasPassToSkip(pass)) this.binaryen.addPassToSkip(pass);
  }
}
