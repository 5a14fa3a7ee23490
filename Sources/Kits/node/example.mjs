// Greets people: jobs of the class GreetingJob with a name, such as {"class":"GreetingJob","args":["Ada"]}.
import { Dead, job, serve } from "./martlet.mjs";

job("LetterJob", (run, name) => console.log(`a letter for ${name}`));

job("GreetingJob", async (run, name) => {
  if (name === "") throw new Dead("there is nobody to greet");
  console.log(`Hello, ${name}! This is attempt ${run.attempt}.`);
  run.pushBulk("LetterJob", [[name]], { queue: "low", retry: 3 }); // pushed when this job is done, and only then
});

await serve();
