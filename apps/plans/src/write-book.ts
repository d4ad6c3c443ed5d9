import type { BookService } from '@app/claims';
import { open, rename, rm } from 'node:fs/promises';

/** Writes a book as it is read, and returns how many claims there are. What stood at the path stays until the book is whole. */
export async function writeBook(book: BookService, path: string, planId?: string): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    const claims = await book.write((text) => file.appendFile(text), planId);
    await file.close();
    await rename(part, path);
    return claims;
  } catch (error) {
    await file.close();
    await rm(part);
    throw error;
  }
}
