/** Which fault was chosen, and whether it has been set off. */

export const fault = { name: process.env.FAULT ?? '', active: false };
